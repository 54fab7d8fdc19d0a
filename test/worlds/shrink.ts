/** The least world that still breaks the promise: parts are taken out, one after the other, as long as it does. */
import type { Plan, PlannedHost, PlannedLink, PlannedSource } from "./plan.ts";

/** A way without any fault. */
const PLAIN: PlannedLink = {
  out: 0.001,
  in: 0.001,
  jitter: 0,
  loss: 0,
  duplication: 0,
  reordering: 0,
};

/** Smaller plans, the greatest step first. */
function* smaller(plan: Plan): Generator<Plan> {
  if (plan.hours > 1) yield { ...plan, hours: Math.ceil(plan.hours / 2) };
  if (plan.attacker !== null) yield { ...plan, attacker: null };
  if (plan.beginning !== "someday") yield { ...plan, beginning: "someday" };
  if (plan.crowd > 0) yield { ...plan, crowd: 0 };
  if (plan.casters.length > 0) yield { ...plan, casters: [] };
  for (const index of plan.events.keys()) yield { ...plan, events: plan.events.toSpliced(index, 1) };
  for (const index of plan.hosts.keys())
    if (plan.hosts.length > 1) yield { ...plan, hosts: plan.hosts.toSpliced(index, 1) };
  for (const index of plan.sources.keys())
    if (plan.sources.length > 1) yield { ...plan, sources: plan.sources.toSpliced(index, 1) };
  if (plan.hours > 1) yield { ...plan, hours: plan.hours - 1 };
  for (const [index, host] of plan.hosts.entries())
    for (const plainer of plainerHosts(host)) yield { ...plan, hosts: plan.hosts.with(index, plainer) };
  for (const [index, source] of plan.sources.entries())
    for (const plainer of plainerSources(source)) yield { ...plan, sources: plan.sources.with(index, plainer) };
}

function* plainerHosts(host: PlannedHost): Generator<PlannedHost> {
  if (host.link !== PLAIN) yield { ...host, link: PLAIN };
  if (host.nts) yield { ...host, nts: false };
  if (host.burst) yield { ...host, burst: false };
  if (host.wander !== 0) yield { ...host, wander: 0 };
  if (host.frequency !== 0) yield { ...host, frequency: 0 };
}

function* plainerSources(source: PlannedSource): Generator<PlannedSource> {
  if (source.link !== PLAIN) yield { ...source, link: PLAIN };
}

/**
 * Shrinks a plan.
 * @param breaks whether a plan breaks the promise
 * @param most plans are tried at most
 */
export function shrunk(plan: Plan, breaks: (plan: Plan) => boolean, most: number = 200): Plan {
  let least = plan;
  let tried = 0;
  for (let progress = true; progress && tried < most;) {
    progress = false;
    for (const candidate of smaller(least)) {
      if (++tried > most) break;
      if (!breaks(candidate)) continue;
      least = candidate;
      progress = true;
      break;
    }
  }
  return least;
}
