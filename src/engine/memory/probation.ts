/** Who is put on probation, and whose ends (`system/probation.ts` says what it is). */
import type { Association } from "../../association/association.ts";
import { onAgreed, onRelapsed } from "../../association/life.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { State } from "../state.ts";

/** After a judgement: whoever agrees by a sample that was not judged before has agreed once more. */
export function countAgreements(state: State): void {
  for (const association of state.roster) {
    if (association.probation === null) continue;
    const verdict = state.opinion.verdicts.get(association.id);
    if (verdict?.verdict === "falseticker") onRelapsed(association);
    if (
      verdict?.reason !== "probation" ||
      state.opinion.intersection === null ||
      association.samples <= association.agreed
    )
      continue;
    onAgreed(association, state.config.once === null);
  }
}

/** Since when an association is on probation for the engine that comes after this one; `null`: it is not. */
export function probationAfter({ config, opinion }: State, association: Association, now: Now): Mono | null {
  const verdict = opinion.verdicts.get(association.id);
  if (verdict?.reason === "outsideIntersection") return now.mono;
  const hasAgreed = config.once !== null && association.agreed > 0 && verdict?.reason === "probation";
  return hasAgreed ? null : association.probation;
}
