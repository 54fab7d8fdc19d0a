/** Rows → options of the library that parses command lines. */
import { Option, type Command } from "commander";
import { offered, type CommandName } from "./offers.ts";
import { flagsOf, helpText, propertyOf, readValue, type Row } from "./row.ts";

/** Adds to a command the options it offers, under their headings. */
export function addOptions(command: Command, name: CommandName): void {
  for (const { heading, rows } of offered(name)) {
    command.optionsGroup(heading);
    for (const row of rows) command.addOption(optionOf(row));
  }
}

function optionOf(row: Row): Option {
  const { takes, choices, without, excludes } = row;
  const option = new Option(flagsOf(row), helpText(row));
  if (choices !== undefined) option.choices(choices);
  else if (takes !== undefined) option.argParser((text, before: unknown) => readValue(row, text, before));
  if (typeof without === "string") option.preset(without);
  if (excludes !== undefined) option.conflicts(excludes.map(propertyOf));
  return option;
}
