/**
 * Candidates: who was found where Network Time Security is asked for, and has yet to prove who it is. Anybody may say that he is
 * there, from any address; so how many are asked for a proof, and how often, is bounded here.
 */
import type { AssociationConfig } from "../../association/template.ts";
import { after } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Seconds } from "../../time/seconds.ts";
import { addressKey } from "../../wire/address.ts";
import type { Address } from "../../wire/address.ts";
import type { HandshakeToken } from "../port/action.ts";
import type { EstablishFault } from "../port/establish.ts";
import { retryInterval } from "../keys/keys.ts";
import type { Arrival, Newcomer } from "./admit.ts";
import type { Finding } from "./finding.ts";

/** Who has yet to prove who it is; a handshake with it is out. */
export interface Candidate {
  readonly token: HandshakeToken;
  /** Where it establishes keys. */
  readonly place: Address;
  /** The line that it was found by. */
  readonly line: AssociationConfig;
  /** What it was found by, a packet of its own; `null`: it was drawn from a pool's name. */
  readonly heard: { readonly arrival: Arrival; readonly newcomer: Newcomer } | null;
}

/** Where keys could not be established. */
export interface Doubt {
  readonly until: Mono;
  /** So often in a row. */
  readonly attempts: number;
  /** `noReply`: they could, and nobody answered by them. */
  readonly why: EstablishFault | "noReply";
}

/** So many handshakes may be begun one after the other with who was found by a group, and one more in {@link PROOF_EVERY} seconds. */
export const MOST_PROOFS = 16;
const PROOF_EVERY: Seconds = 8;

/** So many of them are out at a time. */
const AT_A_TIME = 8;

/** So many places that gave no keys are remembered. */
const DOUBTS_REMEMBERED = 256;

/** To find out that nobody answers takes several questions: that is not done as often, seconds. */
const SILENT: Seconds = 1024;

/** Whether a place is being asked for a proof, or has failed to give one a moment ago. */
export function isDoubtful({ candidates, doubts }: Finding, place: Address, now: Mono): boolean {
  const key = addressKey(place);
  if (candidates.some((candidate) => addressKey(candidate.place) === key)) return true;
  const doubt = doubts.get(key);
  return doubt !== undefined && doubt.until > now;
}

/**
 * One more handshake with who was found by a group is to begin.
 * @returns false if it may not: whoever is there says so again, and then perhaps it may
 */
export function takeProof(finding: Finding, now: Mono): boolean {
  if (finding.candidates.filter(({ heard }) => heard !== null).length >= AT_A_TIME) return false;
  const { left, at } = finding.proofs;
  const filled = Math.min(MOST_PROOFS, left + (now - at) / PROOF_EVERY);
  if (filled < 1) return false;
  finding.proofs = { left: filled - 1, at: now };
  return true;
}

/** A place gave no keys, or none by which anybody answers: it is left alone for ever longer (RFC 8915 §4.2). */
export function onDoubt({ doubts }: Finding, place: Address, why: Doubt["why"], now: Mono): void {
  const key = addressKey(place);
  const attempts = (doubts.get(key)?.attempts ?? 0) + 1;
  doubts.delete(key);
  for (const [oldest] of doubts) {
    if (doubts.size < DOUBTS_REMEMBERED) break;
    doubts.delete(oldest);
  }
  const least = why === "noReply" ? SILENT : 0;
  doubts.set(key, { until: after(now, retryInterval(attempts) + least * attempts), attempts, why });
}

/** What it says is authentic. */
export function onCertain({ doubts }: Finding, place: Address): void {
  doubts.delete(addressKey(place));
}
