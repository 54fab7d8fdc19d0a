/**
 * Keys of Network Time Security that a run has left to the next, with the cookies that it did not send: as text, and whose they are
 * when two runs have some.
 *
 * A cookie is sent once (RFC 8915 §5.7), so keys are taken out of the file before the first is used, and what is left of them is put
 * back at the end. Who is killed meanwhile, or begins in between, has none, and shakes hands.
 */
import type { Seconds } from "../time/seconds.ts";
import { fields, integer, isRecord, listOf, maybe, text } from "./checks.ts";

/** Keys of one server, as the file has them; octets are base64. */
export interface KeptKeys {
  /** The name and the port by which keys were asked for. */
  readonly name: string;
  readonly port: number;
  /** What names those who were trusted to vouch for it. */
  readonly trust: string;
  /** The address that gave them, and the NTP server that they are for: a name, an address, or (`null`) the same one. */
  readonly ip: string;
  readonly server: string | null;
  readonly ntpPort: number;
  readonly aead: number;
  readonly c2s: string;
  readonly s2c: string;
  readonly cookies: readonly string[];
  /** When they were established, and when the certificate expires that vouched for it; ISO 8601. */
  readonly at: string;
  readonly until: string | null;
}

/** Whose keys are wanted. */
export type KeysOf = Pick<KeptKeys, "name" | "port" | "trust">;

/** Of so many servers keys are kept, the latest: the file stays small. */
const KEPT_AT_MOST = 64;

/**
 * So long keys are kept, seconds. Servers go by a master key for a day (as the RFC has it) or a week, and know the last ones for some
 * time: what is older would be refused.
 */
export const KEYS_LAST: Seconds = 7 * 86_400;

/** Whether keys are still worth being tried. @param now of the same clock, Unix milliseconds */
export function isFresh({ at, until }: KeptKeys, now: number): boolean {
  const age = (now - Date.parse(at)) / 1000;
  return age >= 0 && age < KEYS_LAST && (until === null || Date.parse(until) > now);
}

/** Takes one server's keys out. @returns the others, and them */
export function withoutKeys(
  kept: readonly KeptKeys[],
  of: KeysOf,
): { readonly left: readonly KeptKeys[]; readonly taken: KeptKeys | null } {
  return { left: kept.filter((keys) => !isOf(keys, of)), taken: kept.find((keys) => isOf(keys, of)) ?? null };
}

/** Puts keys in, in place of those of the same servers; what is too old goes. */
export function withKeys(kept: readonly KeptKeys[], fresh: readonly KeptKeys[], now: number): readonly KeptKeys[] {
  const others = kept.filter((keys) => !fresh.some((of) => isOf(keys, of)));
  return [...fresh, ...others].filter((keys) => isFresh(keys, now)).slice(0, KEPT_AT_MOST);
}

function isOf(keys: KeptKeys, { name, port, trust }: KeysOf): boolean {
  return keys.name === name && keys.port === port && keys.trust === trust;
}

const base64 = (most: number) => (value: unknown) =>
  typeof value === "string" && value !== "" && value.length <= most && /^[0-9A-Za-z+/]+={0,2}$/.test(value);
const date = (value: unknown): boolean => typeof value === "string" && !Number.isNaN(Date.parse(value));

const isKept = fields({
  name: text(1024),
  port: integer(1, 65_535),
  trust: text(128),
  ip: text(64),
  server: maybe(text(253)),
  ntpPort: integer(1, 65_535),
  aead: integer(0, 65_535),
  c2s: base64(128),
  s2c: base64(128),
  cookies: listOf(base64(512), 8),
  at: date,
  until: maybe(date),
});

const areKept = listOf(isKept, KEPT_AT_MOST);

/** The keys in a document, strictly read; `null`: it has something else there. */
export function keysIn(document: Readonly<Record<string, unknown>>): readonly KeptKeys[] | null {
  const { keys = [] } = document;
  return areKept(keys) ? (keys as readonly KeptKeys[]).filter(isRecord).map(ours) : null;
}

/** The fields that are ours, in our order. */
export function ours(keys: KeptKeys): KeptKeys {
  const { name, port, trust, ip, server, ntpPort, aead, c2s, s2c, cookies, at, until } = keys;
  return { name, port, trust, ip, server, ntpPort, aead, c2s, s2c, cookies, at, until };
}
