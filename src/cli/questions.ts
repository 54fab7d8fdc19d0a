/** The questions of mode 6 that are commands; `question.ts` asks them. Here, so that showing help loads none of it. */

/** By name, with the line that the list of commands has of each. */
export const QUESTIONS = {
  associations: "list a daemon's associations and their status",
  readvar: "read a daemon's variables, of its system or of an association",
  sysinfo: "what a daemon says of its system",
  kerninfo: "what a daemon says of its kernel's clock",
  sysstats: "how many packets a daemon has received and refused",
  iostats: "a daemon's buffers and sockets",
  timerstats: "a daemon's timer",
  authinfo: "a daemon's keys, by number",
  monstats: "the size of a daemon's list of addresses heard",
  pstats: "show what a daemon counts of an association",
  mru: "list the addresses a daemon has heard",
  ifstats: "list a daemon's local addresses and their traffic; needs its control key",
  reslist: "list a daemon's access restrictions; needs its control key",
} as const;

/** One of them. */
export type QuestionName = keyof typeof QUESTIONS;
