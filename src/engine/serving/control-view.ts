/** What the engine tells whoever answers control queries (`port/control.ts`): the state as mode 6 sees it. */
import type { Association, AssociationId } from "../../association/association.ts";
import type { AssociationConfig } from "../../association/template.ts";
import type { SecurityKind } from "../../security/security.ts";
import type { ServedVariables } from "../../server/published.ts";
import { LEAPS } from "../../wire/header.ts";
import { isMulticast } from "../../wire/address.ts";
import { elapsed, type Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Frequency } from "../../time/seconds.ts";
import { fromShort } from "../../time/short.ts";
import { timestamp } from "../../time/timestamp.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";
import type { NtpServer } from "../../server/server.ts";
import { snapshotOf } from "../report.ts";
import { associationReport } from "../port/association-report.ts";
import type { AssociationReport } from "../port/snapshot.ts";
import type { ControlPeer, ControlSocket, ControlTemplate, ControlView } from "../port/control.ts";
import type { State } from "../state.ts";

/**
 * The state as control queries see it.
 * @param served what the clock that is served reads
 */
export function controlView(state: State, server: NtpServer, served: NtpTimestamp, now: Now): ControlView {
  const { config, opinion, clock } = state;
  const snapshot = once(() => snapshotOf(state, now));
  const peers = once(() => [
    ...templates(state, now),
    ...Array.from(state.roster, (association, index) =>
      controlPeer(association, snapshot().associations[index]!, now, config.limits.phi),
    ),
  ]);
  return {
    now: { mono: now.mono, clock: served },
    get snapshot() {
      return snapshot();
    },
    get peers() {
      return peers();
    },
    told: servedBy(server, now),
    wasSynchronized: clock.setAt !== null || opinion.estimate !== null,
    localStratum: config.serving?.fallbacks.local ?? null,
    precision: config.precision,
    leastPoll: server.settings.rate.average,
    discipline: clock.steering?.discipline.report ?? null,
    broadcastDelay: config.discovery.broadcastDelay,
    leaps: config.leaps,
    counts: server.counts,
    mru: server.mru,
    access: server.settings.access,
    sockets: socketsOf(state),
  };
}

/** What is made when it is first wanted, and then kept. */
function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | null = null;
  return () => (made ??= make());
}

/** What goes out in answers, read back from the words that it goes out in. */
function servedBy(server: NtpServer, now: Now): ServedVariables {
  const { head, stratum, referenceId, referenceSeconds, referenceFraction, rootDelay, rootDispersion } =
    server.published(now);
  return {
    leap: LEAPS[head >>> 30]!,
    stratum,
    referenceId: referenceId >>> 0,
    reference: timestamp(referenceSeconds, referenceFraction),
    rootDelay: fromShort(rootDelay),
    rootDispersion: fromShort(rootDispersion),
  };
}

function controlPeer(
  { mode, header, config, filter, nextPoll }: Association,
  report: AssociationReport,
  { mono }: Now,
  phi: Frequency,
): ControlPeer {
  const samples = filter.samples.map(({ offset, delay, dispersion, at }) => ({
    offset,
    delay,
    dispersion: dispersion + phi * elapsed(at, mono),
  }));
  return {
    report,
    mode,
    template: null,
    header,
    minpoll: config.minpoll,
    maxpoll: config.maxpoll,
    samples,
    next: nextPoll === null ? null : Math.max(elapsed(mono, nextPoll), 0),
  };
}

/** The lines that measure nothing themselves. Their numbers are those that associations come to last. */
function templates({ finding: { pools, solicitors }, serving: { broadcasters } }: State, { mono }: Now): ControlPeer[] {
  const lines: readonly TemplateLine[] = [
    ...pools.map(({ config, nextAt }) => ({ config, template: "POOL" as const, nextAt, report: { port: 0 } })),
    ...solicitors.map(({ config, group, nextAt, ttl, rings }) => ({
      config,
      template: "ACST" as const,
      nextAt,
      report: { address: group, ttl, packets: { sent: rings.length, received: 0, rejected: 0 } },
    })),
    ...broadcasters.map(({ config, nextAt, sent }) => ({
      config,
      template: isMulticast(config.name) ? ("MCST" as const) : ("BCST" as const),
      nextAt,
      report: { address: config.name, ttl: config.ttl ?? 0, packets: { sent, received: 0, rejected: 0 } },
    })),
  ];
  return lines.map(({ config, template, nextAt, report }, index): ControlPeer => {
    const isSender = template === "MCST" || template === "BCST";
    const security: SecurityKind = config.key === null ? "none" : "key";
    return {
      report: associationReport({
        id: (MOST_NUMBERS - index) as AssociationId,
        name: config.name,
        port: config.port,
        mode: isSender ? "broadcast" : "client",
        lifetime: "persistent",
        verdict: "rejected",
        reason: "pending",
        poll: config.minpoll,
        reach: 0,
        security,
        keyId: config.key,
        ...report,
      }),
      mode: isSender ? "broadcast" : "client",
      template,
      header: null,
      minpoll: config.minpoll,
      maxpoll: config.maxpoll,
      samples: [],
      next: nextAt === null ? null : Math.max(elapsed(mono, nextAt), 0),
    };
  });
}

/** A line as it stands. */
interface TemplateLine {
  readonly config: AssociationConfig;
  readonly template: ControlTemplate;
  readonly nextAt: Mono | null;
  readonly report: Partial<AssociationReport>;
}

/** Control messages have 16 bits for a number, and 0 is the system. */
const MOST_NUMBERS = 0xffff;

function socketsOf({ serving: { sockets }, config }: State): readonly ControlSocket[] {
  const port = config.service?.port ?? 0;
  return Array.from(sockets.values(), ({ address }) => ({ address, port }));
}
