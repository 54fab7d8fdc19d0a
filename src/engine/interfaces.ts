/**
 * The host's interfaces come, go and change their addresses: what is ours, what is listened on, and whom it is worth asking again.
 */
import { after } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import { hurry } from "../association/life.ts";
import { MIN_BURST_SPACING } from "../association/poll.ts";
import { isLinkLocal, isLoopback } from "../wire/address.ts";
import { reviseAnswering } from "./serving/answering.ts";
import type { HostAddresses } from "./port/event.ts";
import { listening } from "./serving/listening.ts";
import { resumeSolicitors } from "./finding/manycast.ts";
import { retryNames } from "./finding/mobilize.ts";
import { hurryPools } from "./finding/pool.ts";
import { heldCount } from "./finding/prune.ts";
import { refitService } from "./serving/sockets.ts";
import type { State } from "./state.ts";

/** A run that goes on, or that listens, lives through changes; one that only asks is over before. */
export function watchInterfaces(state: State): void {
  const { once, service } = state.config;
  if (once === null || service !== null) state.act({ kind: "watchInterfaces" });
}

/** They have changed, or may have. */
export function onInterfaces(state: State, addresses: HostAddresses, now: Now): void {
  const present = Object.values(addresses).flat();
  const before = state.serving.addresses;
  const come = present.filter((ip) => before?.includes(ip) !== true);
  const gone = before?.filter((ip) => !present.includes(ip)) ?? [];
  const changed = come.length > 0 || gone.length > 0;
  state.serving.addresses = present;
  if (changed) learn(state, addresses, present, now);
  // A run that was not told which they are at its start cannot say what is new.
  if (before !== null) tell(state, come, gone);
  refitService(state, changed);
  if (come.length > 0) tryAgain(state, now);
}

/** Which addresses are ours decides what is a loop, what came back, and, by the rules for it, what is listened on. */
function learn(state: State, addresses: HostAddresses, present: readonly string[], now: Now): void {
  const { config, surroundings } = state;
  const { service, serving } = config;
  state.adopt({
    ...config,
    ownReferenceIds: present.filter((ip) => !isLinkLocal(ip) && !isLoopback(ip)).map(surroundings.referenceIdOf),
    serving: serving === null ? null : { ...serving, ownAddresses: present },
    service:
      service === null || service.rules === null
        ? service
        : { ...service, addresses: listening(service.rules, addresses) },
  });
  if (state.serving.answering !== null) reviseAnswering(state, now);
}

/** Link-local addresses go with the others. */
function tell(state: State, come: readonly string[], gone: readonly string[]): void {
  const [came, went] = [come, gone].map((all) => all.filter((ip) => !isLinkLocal(ip)));
  if (came!.length > 0 || went!.length > 0) state.note({ what: "interfaces", come: came!, gone: went! });
}

/** Perhaps there is a network now, where there was none: who did not answer, and names without addresses, may do better. */
function tryAgain(state: State, now: Now): void {
  state.finding.names.hurry(now.mono);
  retryNames(state, now);
  const held = heldCount(state);
  resumeSolicitors(state, held, now);
  hurryPools(state, held, now);
  for (const association of state.roster) {
    const { ended, reach, listening, address, nextPoll } = association;
    if (ended !== null || reach !== 0 || listening !== null || address === null || nextPoll === null) continue;
    // Not all at once, and none sooner after its last packet than the guard time allows.
    hurry(association, after(now.mono, (1 + state.surroundings.chance.uniform()) * MIN_BURST_SPACING));
  }
}
