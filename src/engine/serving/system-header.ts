/** What our packets say of our own clock: the system variables as header fields (RFC 5905 §11.1; peers, broadcasts, solicitations). */
import type { SystemHeader } from "../../association/symmetric.ts";
import type { Now } from "../../time/now.ts";
import { MAXSTRAT } from "../../wire/header.ts";
import { servedSystem } from "./answering.ts";
import type { State } from "../state.ts";

/** INIT, for a clock that was never synchronized (RFC 5905 figure 13). */
const INIT = 0x494e_4954;

/** The header fields that tell the state of our clock. Stratum 16 is 0 on the wire. */
export function systemHeader(state: State, now: Now): SystemHeader {
  const { leap, stratum, referenceId, reference, rootDelay, rootDispersion } = servedSystem(state, now);
  const { precision } = state.config;
  if (stratum >= MAXSTRAT)
    return { leap: "unsynchronized", stratum: 0, precision, rootDelay, rootDispersion, referenceId: INIT, reference };
  return { leap, stratum, precision, rootDelay, rootDispersion, referenceId, reference };
}
