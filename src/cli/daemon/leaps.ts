/** The list of leap seconds of `leapfile`: read at the start and once a day, checked, and what is to come of it. */
import { createHash } from "node:crypto";
import type { Configuration } from "../../config/ntpconf/record.ts";
import { systemReason } from "../../security/place.ts";
import { LARGEST, readText } from "../../security/readfile.ts";
import { NTPD_SMEAR, type SmearConfig } from "../../server/smear.ts";
import type { LeapKnowledge } from "../../time/leap.ts";
import { goodFor, knowledgeOf, parseLeapSeconds } from "../../time/leapseconds.ts";
import { UNIX_EPOCH } from "../../time/timestamp.ts";
import type { Log } from "./log.ts";

/** A month before the list expires it is time to say so. */
const SOON = 30 * 86_400;

/**
 * Reads the list.
 * @param unix milliseconds since 1970
 * @returns what it announces; `null`: there is no list that can be believed
 */
export function readLeaps(file: Configuration["leapFile"], log: Log, unix: number): LeapKnowledge | null {
  if (file === null) return null;
  const { knowledge, fault } = leapsOf(file, unix);
  log.matter("leapfile", "warning", "leapFile", fault);
  return knowledge;
}

/** What is wrong with the list, or will soon be; `null`: nothing. @param unix milliseconds since 1970 */
export function leapFault(file: NonNullable<Configuration["leapFile"]>, unix: number): string | null {
  return leapsOf(file, unix).fault;
}

interface Leaps {
  readonly knowledge: LeapKnowledge | null;
  readonly fault: string | null;
}

function leapsOf(file: NonNullable<Configuration["leapFile"]>, unix: number): Leaps {
  const faulty = (text: string): Leaps => ({ knowledge: null, fault: `leap second list ${file.path}: ${text}` });
  let text: string;
  try {
    text = readText(file.path, LARGEST.leaps);
  } catch (error) {
    return faulty(systemReason(error));
  }
  const list = parseLeapSeconds(text, (ascii) => createHash("sha1").update(ascii, "latin1").digest("hex"));
  if ("kind" in list)
    return faulty(list.text === "" ? "there is no leap second in it" : `line ${list.line} is none of such a list`);
  if (file.checkHash && list.hash !== "good")
    return faulty(
      list.hash === "bad"
        ? "its hash is not that of its contents"
        : "it has no hash; leapfile … ignorehash takes it as it is",
    );
  const now = BigInt(Math.floor(unix / 1000)) + UNIX_EPOCH;
  const validFor = goodFor(list, now);
  if (validFor !== null && validFor <= 0) return faulty("it has expired");
  const soon =
    validFor !== null && validFor < SOON ? faulty(`it expires in ${Math.ceil(validFor / 86_400)} days`).fault : null;
  return { knowledge: knowledgeOf(list, now), fault: soon };
}

/** How the leap second that comes is smeared for clients; `null`: it is not. */
export function listedSmear(leaps: LeapKnowledge | null, interval: number): SmearConfig | null {
  const next = leaps?.next ?? null;
  return next === null || interval === 0 ? null : { ...NTPD_SMEAR, at: next.at, leap: next.leap, interval };
}
