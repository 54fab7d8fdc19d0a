/**
 * One server under two names, or in two families, must not vote twice: it is known by what it says of its own clock.
 *
 * Two answers with the same reference identifier, stratum, reference timestamp (64 bits that nobody shares by accident), root
 * delay and precision come from one clock. Local clocks that nothing sets are left out: `local` instances of chronyd and
 * LOCAL(0) of ntpd make their reference time up, and many may say the same.
 */
import type { Association } from "../association/association.ts";
import { isUnsynchronized } from "../association/tests.ts";
import { UNKNOWN_TIME } from "../time/timestamp.ts";
import { parseAddressLiteral } from "../wire/address.ts";
import type { Header } from "../wire/header.ts";

/**
 * Which associations are other names of servers that we have already. Those whose address the user gave stay, whatever
 * they say: several daemons behind one address translation, or a laboratory, are the user's business.
 * @returns the surplus ones, in the order of the associations
 */
export function duplicatesAmong(associations: Iterable<Association>): readonly Association[] {
  const first = new Map<number | string, Association>();
  const surplus: Association[] = [];
  for (const association of associations) {
    const { header } = association;
    if (header === null || !hasIdentity(association, header)) continue;
    // The reference timestamp, and be it to half a microsecond, nearly always tells clocks apart.
    const roughly = Number(header.reference);
    const namesake = first.get(roughly);
    const identity = namesake === undefined || isSameClock(namesake.header!, header) ? roughly : clockOf(header);
    const other = first.get(identity);
    if (other === undefined) first.set(identity, association);
    else if (!isNamedByAddress(association)) surplus.push(association);
    else if (!isNamedByAddress(other)) {
      surplus.push(other);
      first.set(identity, association);
    }
  }
  return surplus;
}

/** Whether there is anything that tells an association's server from all others, and it has a say. */
function hasIdentity({ mode, ended }: Association, header: Header): boolean {
  if (mode !== "client" || (ended !== null && ended !== "complete")) return false;
  return !isUnsynchronized(header) && header.reference !== UNKNOWN_TIME && !isUndisciplined(header);
}

function isSameClock(one: Header, other: Header): boolean {
  if (one.referenceId !== other.referenceId || one.stratum !== other.stratum || one.reference !== other.reference)
    return false;
  return one.rootDelay === other.rootDelay && one.precision === other.precision;
}

/** The same as one text. */
function clockOf({ referenceId, stratum, reference, rootDelay, precision }: Header): string {
  return `${referenceId} ${stratum} ${reference} ${rootDelay} ${precision}`;
}

/** 127.x.y.z from stratum 2 on; LOCL and LOOP above; and a radio clock's full seconds, which many share. */
function isUndisciplined({ stratum, referenceId, reference }: Header): boolean {
  if (stratum > 1) return referenceId >>> 24 === 127;
  return referenceId === LOCL || referenceId === LOOP || (reference & 0xffff_ffffn) === 0n;
}

const LOCL = 0x4c4f_434c;
const LOOP = 0x4c4f_4f50;

function isNamedByAddress({ lifetime, config }: Association): boolean {
  return lifetime === "persistent" && parseAddressLiteral(config.name) !== null;
}
