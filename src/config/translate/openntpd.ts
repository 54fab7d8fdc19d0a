/** ntpd.conf(5) of OpenNTPD → ntp.conf. */
import { literalFamily } from "../literal.ts";
import { accessLines, EVERYTHING, NOBODY } from "./access.ts";
import type { Place } from "../../security/place.ts";
import type { Translation } from "./translate.ts";
import { foldedLines } from "./folded.ts";
import { hostFault, Writer } from "./writer.ts";

/** Translates OpenNTPD's ntpd.conf. */
export function translateOpenNtpd(text: string, file: string): Translation {
  const writer = new Writer();
  const listens: string[] = [];
  for (const { text: line, ...place } of foldedLines(text, /^\s*#/)) {
    const said = line.replace(/#.*$/, "");
    const words = said
      .trim()
      .split(/\s+/)
      .map((word) => word.replaceAll('"', ""));
    translate(words, said, { file, ...place }, writer, listens);
  }
  // It only ever slews, and has no panic threshold.
  writer.line("tinker step 0 panic 0");
  if (listens.length > 0 && !listens.includes("*")) {
    writer.line("interface ignore all");
    for (const address of listens) writer.line(`interface listen ${address}`);
  }
  const everybody = { rules: EVERYTHING.map((network) => ({ network, allowed: true })), named: [] };
  for (const line of accessLines(listens.length > 0 ? everybody : NOBODY)) writer.line(line);
  return writer.done(file);
}

function translate(words: readonly string[], text: string, at: Place, writer: Writer, listens: string[]): void {
  const [command = "", second = "", third = ""] = words;
  if ((command === "server" || command === "servers") && second !== "") {
    const fault = hostFault(second);
    if (fault !== null) return writer.left(text, at, fault);
    // `servers`: every address that the name has.
    writer.line(`${command === "server" ? "server" : "pool"} ${second} iburst`);
    if (words.length > 2) writer.warn(at, `${second}: left out: ${words.slice(2).join(" ")}`);
  } else if (command === "listen" && second === "on" && third !== "") {
    if (third !== "*" && literalFamily(third) === 0) writer.refuse(`"${third}" of "listen on" is not an address`, at);
    listens.push(third);
    if (words.length > 3) writer.warn(at, `listen on ${third}: left out: ${words.slice(3).join(" ")}`);
  } else if (command === "constraint" || command === "constraints")
    writer.left(text, at, "there is no HTTPS time to hold servers against");
  else if (command === "sensor") writer.left(text, at, "sensors are not used here");
  else writer.left(text, at, "there is nothing like it");
}
