/**
 * Control queries (mode 6, RFC 9327): what the engine hands to whoever answers them, and what it expects back.
 *
 * The engine knows no more of the protocol than this interface, so that no layer points up. The answers are in
 * `src/control/responder`.
 */
import type { Association, AssociationId } from "../../association/association.ts";
import type { AssociationMode } from "../../association/modes.ts";
import type { AssociationConfig } from "../../association/template.ts";
import type { DisciplineReport } from "../../discipline/strategy.ts";
import type { SecurityKind } from "../../security/security.ts";
import type { AccessList } from "../../server/access.ts";
import type { Counts } from "../../server/disposition.ts";
import type { MruList } from "../../server/mru.ts";
import type { ServedVariables } from "../../server/published.ts";
import { LEAPS } from "../../wire/header.ts";
import type { Header } from "../../wire/header.ts";
import { isMulticast, type Address } from "../../wire/address.ts";
import type { LeapKnowledge } from "../../time/leap.ts";
import { elapsed, type Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Frequency, PollExponent, Seconds } from "../../time/seconds.ts";
import { fromShort } from "../../time/short.ts";
import { timestamp } from "../../time/timestamp.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";
import type { NtpServer } from "../../server/server.ts";
import { snapshotOf } from "../report.ts";
import { associationReport } from "../port/association-report.ts";
import type { AssociationReport, Snapshot } from "../port/snapshot.ts";
import type { State } from "../state.ts";

/** Who answers control queries. */
export interface ControlAnswering {
  /**
   * Answers a datagram of mode 6, sent to this host alone by an address that the access list does not keep from asking.
   * @param bytes as it came; of any content
   * @returns datagrams to send back at once, in this order; none: silence
   */
  respond(bytes: Uint8Array, from: Address, queried: Queried, now: Now): readonly Uint8Array[];
}

/** What may be asked, and by whom: rights come first, for the state is dear to make and anybody may ask. */
export interface Queried {
  readonly access: AccessList;
  /** Makes the state as it is now; asked for only when the datagram deserves an answer. */
  readonly view: () => ControlView;
}

/** A sample in a clock filter. */
export interface ControlSample {
  readonly offset: Seconds;
  readonly delay: Seconds;
  /** Aged to now. */
  readonly dispersion: Seconds;
}

/**
 * What a line stands for that measures nothing itself but finds servers or tells others the time: a pool, a manycast search,
 * broadcasts, multicasts. ntpd lists them among its associations, under these names for a refid.
 */
export type ControlTemplate = "POOL" | "ACST" | "BCST" | "MCST";

/** An association, with what only control queries tell of it. */
export interface ControlPeer {
  readonly report: AssociationReport;
  readonly mode: AssociationMode | "broadcast";
  /** `null` for whoever is measured. */
  readonly template: ControlTemplate | null;
  /** Of the last valid packet. */
  readonly header: Header | null;
  readonly minpoll: PollExponent;
  readonly maxpoll: PollExponent;
  /** Of the clock filter, youngest first, 8 at most. */
  readonly samples: readonly ControlSample[];
  /** Until the next packet leaves; `null`: none will. */
  readonly next: Seconds | null;
}

/** A socket that clients are heard on. */
export interface ControlSocket {
  readonly address: string;
  readonly port: number;
}

/** Everything a control query may ask for. */
export interface ControlView {
  /** The clock is the one that is served. */
  readonly now: Now;
  /** Made when first read, as the peers are: most questions need neither. */
  readonly snapshot: Snapshot;
  /** Templates, then associations in the order of their mobilization. */
  readonly peers: readonly ControlPeer[];
  /** What clients are told, root dispersion grown up to now. */
  readonly told: ServedVariables;
  /** Whether there ever was a system peer. */
  readonly wasSynchronized: boolean;
  /** The stratum at which the local clock is trusted, 1 … 15; `null`: it is not. */
  readonly localStratum: number | null;
  /** log₂ s */
  readonly precision: number;
  /** log₂ of the least average interval asked of clients, seconds. */
  readonly leastPoll: PollExponent;
  /** `null` where the clock is not disciplined. */
  readonly discipline: DisciplineReport | null;
  /** One way; `null`: it is measured. */
  readonly broadcastDelay: Seconds | null;
  /** What the list of leap seconds says; `null`: there is none. */
  readonly leaps: LeapKnowledge | null;
  readonly counts: Readonly<Counts>;
  readonly mru: MruList;
  readonly access: AccessList;
  readonly sockets: readonly ControlSocket[];
}

/**
 * The state as control queries see it.
 * @param served what the clock that is served reads
 */
export function controlView(state: State, server: NtpServer, served: NtpTimestamp, now: Now): ControlView {
  const { config, opinion, steering, setAt } = state;
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
    told: told(server, now),
    wasSynchronized: setAt !== null || opinion.estimate !== null,
    localStratum: config.serving?.fallbacks.local ?? null,
    precision: config.precision,
    leastPoll: server.settings.rate.average,
    discipline: steering?.discipline.report ?? null,
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
function told(server: NtpServer, now: Now): ServedVariables {
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
function templates({ pools, solicitors, broadcasters }: State, { mono }: Now): ControlPeer[] {
  const lines: readonly TemplateLine[] = [
    ...pools.map(({ config, nextAt }) => ({ config, template: "POOL" as const, nextAt, told: { port: 0 } })),
    ...solicitors.map(({ config, group, nextAt, ttl, rings }) => ({
      config,
      template: "ACST" as const,
      nextAt,
      told: { address: group, ttl, packets: { sent: rings.length, received: 0, rejected: 0 } },
    })),
    ...broadcasters.map(({ config, nextAt, sent }) => ({
      config,
      template: isMulticast(config.name) ? ("MCST" as const) : ("BCST" as const),
      nextAt,
      told: { address: config.name, ttl: config.ttl ?? 0, packets: { sent, received: 0, rejected: 0 } },
    })),
  ];
  return lines.map(({ config, template, nextAt, told }, index): ControlPeer => {
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
        ...told,
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
  readonly told: Partial<AssociationReport>;
}

/** Control messages have 16 bits for a number, and 0 is the system. */
const MOST_NUMBERS = 0xffff;

function socketsOf({ service, config }: State): readonly ControlSocket[] {
  const port = config.service?.port ?? 0;
  return Array.from(service.values(), ({ address }) => ({ address, port }));
}
