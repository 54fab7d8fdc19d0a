/**
 * Another configuration counts from now on (SIGHUP, or a machine whose addresses have changed): what it says as before goes on
 * as if nothing had happened, with its filter, its reach and its place in the selection; what is gone ends; what is new begins.
 *
 * Keys are read anew with it. Whoever was found by a key that is gone, or is another now, goes with it (seed 000: "the server
 * refreshes the key media"); who is configured stays, and is asked by the key there is.
 */
import type { Association } from "../association/association.ts";
import { goBy } from "../association/life.ts";
import type { AssociationConfig } from "../association/template.ts";
import type { Now } from "../time/now.ts";
import { reviseAnswering } from "./serving/answering.ts";
import { hasLostItsKey, securityRenewed } from "./finding/associate.ts";
import { reviseBroadcasters } from "./serving/broadcaster.ts";
import type { EngineConfig } from "./port/config.ts";
import { watchLeaps } from "./clock/leap-watch.ts";
import { reviseSolicitors } from "./finding/manycast.ts";
import { mobilizeLine, retryFailed } from "./finding/mobilize.ts";
import { revisePools } from "./finding/pool.ts";
import { dismissCandidates } from "./finding/proving.ts";
import { demobilize } from "./finding/prune.ts";
import { reviseService } from "./serving/sockets.ts";
import type { State } from "./state.ts";
import { onSecond, takeOver } from "./clock/steer.ts";
import { reviseSteering } from "./clock/steering.ts";
import { TIMER } from "./timer.ts";

/** Goes on by another configuration. */
export function onReconfigured(state: State, config: EngineConfig, now: Now): void {
  const before = state.config;
  const revised = revisedLines(before.associations, config.associations);
  state.adopt(config);
  reviseService(state, before);
  const { ended, again } = reviseAssociations(state, revised, now);
  state.finding.names.revise(revised, again);
  dismissCandidates(state);
  reviseSolicitors(state, revised, now);
  revisePools(state, revised);
  reviseBroadcasters(state, revised, now);
  reviseAnswering(state, now);
  state.note({ what: "reconfigured", kept: state.roster.size, ended });
  const continued = new Set(revised.values());
  for (const line of config.associations) if (!continued.has(line) || again.has(line)) mobilizeLine(state, line, now);
  retryFailed(state);
  steerOn(state, config, now);
  state.deadlines.set(TIMER.discovery, now.mono);
}

/** Lines before → the same lines now, perhaps with other options. Lines that are gone are left out, and so are new ones. */
function revisedLines(
  before: readonly AssociationConfig[],
  now: readonly AssociationConfig[],
): ReadonlyMap<AssociationConfig, AssociationConfig> {
  const waiting = new Map<string, AssociationConfig[]>();
  for (const line of before) waiting.set(nameOf(line), [...(waiting.get(nameOf(line)) ?? []), line]);
  return new Map(
    now.flatMap((line): [AssociationConfig, AssociationConfig][] => {
      const earlier = waiting.get(nameOf(line))?.shift();
      return earlier === undefined ? [] : [[earlier, line]];
    }),
  );
}

/** By what a line is known again: all that decides with whom an association is. */
function nameOf({ kind, name, family, port, nts = false, certified = "", autokey }: AssociationConfig): string {
  return JSON.stringify([kind, name, family, port, nts, certified, autokey ?? null]);
}

/** What became of the associations. */
interface Revision {
  readonly ended: number;
  /** Lines whose association never came about, and may now. */
  readonly again: ReadonlySet<AssociationConfig>;
}

function reviseAssociations(
  state: State,
  revised: ReadonlyMap<AssociationConfig, AssociationConfig>,
  now: Now,
): Revision {
  const lines = new Map([...revised].map(([earlier, line]) => [nameOf(earlier), line]));
  const again = new Set<AssociationConfig>();
  let ended = 0;
  for (const association of state.roster) {
    const line = association.lifetime === "persistent" ? revised.get(association.config) : lineOf(association, lines);
    if (line === undefined || hasLostItsKey(state, association)) {
      demobilize(state, association, line === undefined ? "unconfigured" : "authentication", now);
      ended += 1;
    } else if (association.address === null || association.ended === "duplicate") {
      demobilize(state, association, association.ended === "duplicate" ? "duplicate" : "unresolved", now);
      again.add(line);
    } else revise(state, association, line, now);
  }
  return { ended, again };
}

/** The line by which an association was found; for who came by himself, what he came with. */
function lineOf(
  { config, found, listening, exchange }: Association,
  lines: ReadonlyMap<string, AssociationConfig>,
): AssociationConfig | undefined {
  if (exchange !== null) return config;
  const line =
    listening === null ? lines.get(nameOf(config)) : [...lines.values()].find(({ kind }) => kind === "broadcastClient");
  if (listening !== null)
    return line === undefined || isOtherwiseProved(config, line) ? undefined : { ...config, iburst: line.iburst };
  if (line !== undefined || found === null) return line;
  const search = [...lines.values()].find(
    ({ kind, name, nts, autokey }) =>
      (kind === "manycast" && name === found.group && autokey?.ident === config.autokey?.ident) ||
      (kind === "broadcastClient" && nts === true && config.nts === true),
  );
  // Who answered a search is a server by the search's options, at the address and with the key it answered from.
  return search === undefined
    ? undefined
    : { ...search, kind: config.kind, name: config.name, port: config.port, key: config.key, iburst: true };
}

/** Whether a line wants another proof under Autokey than somebody heard has given. */
function isOtherwiseProved({ autokey: given }: AssociationConfig, { autokey: wanted }: AssociationConfig): boolean {
  return wanted !== undefined && wanted.ident !== given?.ident;
}

/** The same server by other options. */
function revise(state: State, association: Association, line: AssociationConfig, now: Now): void {
  // What is out was asked by the keys before.
  if (association.security.dancing?.isOutdated === true) state.closeRequests(association);
  goBy(association, line, securityRenewed(state, line, association), now.mono);
}

function steerOn(state: State, config: EngineConfig, now: Now): void {
  const before = state.clock.steering;
  state.clock.steering = reviseSteering(before, config, now.mono);
  if (state.clock.steering === before) return;
  state.deadlines.set(TIMER.second, null);
  takeOver(state);
  onSecond(state, now);
  watchLeaps(state, now);
}
