/**
 * Identity schemes (RFC 5906 §8), as one table: the server proves that it is of the group without telling what it knows. `iff.ts`, `gq.ts`
 * and `mv.ts` have the arithmetic.
 */
import { AUTOKEY_CODES } from "../../../wire/autokey.ts";
import { isBefore } from "../stamps.ts";
import { STATUS } from "../status.ts";
import { gqAnswer, gqChallenge, isGqProof, type GqParameters } from "./gq.ts";
import { iffAnswer, iffChallenge, isIffProof, type IffParameters } from "./iff.ts";
import { isMvProof, mvAnswer, mvChallenge, type MvParameters } from "./mv.ts";
import type { RandomOctets } from "./numbers.ts";

/** What a host has of a group. */
export type GroupParameters = IffParameters | GqParameters | MvParameters;

/** A scheme's name. */
export type IdentityScheme = GroupParameters["scheme"];

/** One row of the table. */
interface SchemeRow {
  readonly scheme: IdentityScheme;
  /** Of its messages. */
  readonly code: number;
  /** In the status word of a server that has it. */
  readonly flag: number;
}

/** Every scheme, in the order in which ntpd looks for them. */
export const IDENTITY_SCHEMES: readonly SchemeRow[] = [
  { scheme: "iff", code: AUTOKEY_CODES.IFF, flag: STATUS.iff },
  { scheme: "gq", code: AUTOKEY_CODES.GQ, flag: STATUS.gq },
  { scheme: "mv", code: AUTOKEY_CODES.MV, flag: STATUS.mv },
];

/** The row of a scheme. */
export function rowOf(scheme: IdentityScheme): SchemeRow {
  return IDENTITY_SCHEMES.find((row) => row.scheme === scheme)!;
}

/** A client's challenge. */
export function challengeFor(group: GroupParameters, random: RandomOctets): Uint8Array {
  switch (group.scheme) {
    case "iff":
      return iffChallenge(group, random);
    case "gq":
      return gqChallenge(group, random);
    case "mv":
      return mvChallenge(group, random);
  }
}

/** A server's answer, DER; `null`: we are none of the group's servers, or the challenge is none. */
export function answerTo(group: GroupParameters, challenge: Uint8Array, random: RandomOctets): Uint8Array | null {
  switch (group.scheme) {
    case "iff":
      return iffAnswer(group, challenge, random);
    case "gq":
      return gqAnswer(group, challenge, random);
    case "mv":
      return mvAnswer(group, challenge, random);
  }
}

/**
 * Whether an answer proves that its sender is of the group.
 * @param certified what its certificate has for GQ; `null`: nothing
 */
export function isProof(
  group: GroupParameters,
  certified: bigint | null,
  challenge: Uint8Array,
  answer: Uint8Array,
): boolean {
  switch (group.scheme) {
    case "iff":
      return isIffProof(group, challenge, answer) === true;
    case "gq":
      return isGqProof(group, certified, challenge, answer) === true;
    case "mv":
      return isMvProof(group, challenge, answer) === true;
  }
}

/** Whether an answer is by the parameters that we have: of GQ a server may have made its own key anew. */
export function isOfFile({ scheme, filestamp }: GroupParameters, answered: number): boolean {
  return scheme === "gq" ? !isBefore(answered, filestamp) : answered === filestamp;
}
