/** Which survivor we follow: the system peer (RFC 5905 A.5.5.1, its end; ntpd's "prefer"). */
import type { AssociationId } from "../association/association.ts";
import type { Candidate } from "./candidate.ts";

/**
 * Chooses the system peer: the best survivor named `prefer`; else the one we already follow, while it survives at the best
 * survivor's stratum, for every change of clock costs some jitter ("don't do a clock hop"); else the best survivor.
 * @param survivors best first
 * @param current the system peer up to now
 * @returns `null` only if there is no survivor
 */
export function chooseSystemPeer(survivors: readonly Candidate[], current: AssociationId | null): Candidate | null {
  const head = survivors[0];
  if (head === undefined) return null;
  let followed: Candidate | null = null;
  for (const survivor of survivors) {
    if (survivor.prefer) return survivor;
    if (survivor.id === current && survivor.stratum === head.stratum) followed = survivor;
  }
  return followed ?? head;
}
