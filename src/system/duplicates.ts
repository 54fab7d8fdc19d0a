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
  const first = new Map<string, Association>();
  const surplus: Association[] = [];
  for (const association of associations) {
    const identity = identityOf(association);
    if (identity === null) continue;
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

/** What tells an association's server from all others; `null`: nothing does, or it has no say. */
function identityOf({ mode, header, ended }: Association): string | null {
  if (mode !== "client" || header === null || (ended !== null && ended !== "complete")) return null;
  let identity = known.get(header);
  if (identity === undefined) known.set(header, (identity = clockOf(header)));
  return identity;
}

/** What was made of headers already: selection asks far more often than packets come. */
const known = new WeakMap<Header, string | null>();

/** What a header says of the clock; `null`: nothing that others may not say too. */
function clockOf(header: Header): string | null {
  if (isUnsynchronized(header) || header.reference === UNKNOWN_TIME || isUndisciplined(header)) return null;
  const { referenceId, stratum, reference, rootDelay, precision } = header;
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
