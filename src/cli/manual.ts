/** `ntpkit man`: the manual and the examples that belong to this version, wherever it is installed. */
import { readFileSync } from "node:fs";
import { didYouMean } from "../config/suggest.ts";
import { UsageError } from "../config/usage.ts";
import { LOADER } from "../host/loader.ts";
import { COMMANDS } from "./commands.ts";
import { exitCode } from "./exit.ts";
import type { Io } from "./io.ts";

/** The examples, texts by names, which the bundler puts in as JSON; from source they are read. */
declare const NTPKIT_EXAMPLES: string;

const EXAMPLE = "examples/";

/**
 * Prints a page, in roff, or an example.
 * @param topic a command, `examples` for their names, or such a name; null for the page of ntpkit itself
 * @returns the exit code
 * @throws UsageError where there is none
 */
export function runManual(topic: string | null, io: Io): number {
  io.out.write(textOf(topic));
  return exitCode("ok");
}

function textOf(topic: string | null): string {
  if (topic === "examples") return `${Object.keys(examples()).join("\n")}\n`;
  if (topic?.startsWith(EXAMPLE) === true) return exampleOf(topic);
  return read(`man/${pageOf(topic)}.1`);
}

function pageOf(topic: string | null): string {
  if (topic === null || topic === "ntpkit") return "ntpkit";
  const name = topic.replace(/^ntpkit-/, "");
  const row = COMMANDS.find((one) => one.name === name || one.alias === name);
  if (row === undefined && name !== "questions")
    throw new UsageError(
      `no page for "${topic}"`,
      didYouMean(
        topic,
        COMMANDS.map((one) => one.name),
      ) ?? "there is one for each command, and ntpkit man examples names the examples",
    );
  return row === undefined || row.group === "question" ? "ntpkit-questions" : `ntpkit-${row.name}`;
}

function exampleOf(topic: string): string {
  const text = Object.hasOwn(examples(), topic) ? examples()[topic] : undefined;
  if (text === undefined)
    throw new UsageError(
      `no example "${topic}"`,
      didYouMean(topic, Object.keys(examples())) ?? "ntpkit man examples names them all",
    );
  return text;
}

function examples(): Readonly<Record<string, string>> {
  if (typeof NTPKIT_EXAMPLES !== "undefined") return JSON.parse(NTPKIT_EXAMPLES) as Readonly<Record<string, string>>;
  const { readdirSync } = process.getBuiltinModule("node:fs");
  const folders = ["", "systemd/", "worlds/"];
  const names = folders.flatMap((folder) =>
    readdirSync(place(`man/examples/${folder}`), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => folder + name),
  );
  return Object.fromEntries(names.sort().map((name) => [EXAMPLE + name, read(`man/examples/${name}`)]));
}

function read(path: string): string {
  return LOADER.text?.(path) ?? readFileSync(place(path), "utf8");
}

function place(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}
