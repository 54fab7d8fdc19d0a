/** A world that broke a promise, as a scenario's text: to be pasted into `test/scenarios/`, a file of its own. */
import type { Plan } from "./plan.ts";

/** The text. */
export function printed(plan: Plan, { promise, how }: { readonly promise: string; readonly how: string }): string {
  return `/** ${how.replaceAll("*/", "* /").replaceAll("\n", "\n * ")} */
import { expect, it } from "vitest";
import { worldKeys } from "../worlds/build.ts";
import type { Plan } from "../worlds/plan.ts";
import { brokenBy } from "../worlds/run.ts";

const PLAN: Plan = ${JSON.stringify(plan, null, 2)};

it(${JSON.stringify(`seed ${plan.seed}: ${promise}`)}, async () => {
  expect(brokenBy(PLAN, await worldKeys())).toBeNull();
});
`;
}
