/** What is wrong with a set of servers together, in words. */
import type { ServersWarning } from "../system/warnings.ts";
import { counted, listed, printable } from "./text.ts";
import { namesText, type SetWarning } from "./finding.ts";

/** A warning with its sentence. */
export function warningInWords(warning: ServersWarning): SetWarning {
  return { ...warning, text: WORDS[warning.code](warning as never) };
}

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

const WORDS: {
  readonly [Code in ServersWarning["code"]]: (warning: Extract<ServersWarning, { readonly code: Code }>) => string;
} = {
  sharedUpstream: ({ upstream, addresses, servers, sources }) =>
    `${inWords(servers, "server")}, ${inWords(sources, "source")}: ${namesText(addresses)} ${addresses.includes(upstream) ? "are one, since the others follow" : "all follow"} ${printable(upstream)}`,
  mixedSmear: ({ smeared, unsmeared }) =>
    `${namesText(smeared)} smear leap seconds and ${namesText(unsmeared)} do not: near one they will disagree, so use one kind only`,
  refidLoop: ({ addresses }) => `${listed(addresses.map(printable))} follow each other in a circle`,
  ipv4Pool: ({ name, instead }) =>
    `${printable(name)} has IPv4 addresses only, and this host has no IPv4: ask ${printable(instead)}`,
};

function inWords(count: number, thing: string): string {
  const number = NUMBERS[count];
  return number === undefined ? counted(count, thing) : `${number} ${thing}${count === 1 ? "" : "s"}`;
}
