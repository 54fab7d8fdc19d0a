/** A state to ask about: that of the daemon in the recordings `h1` … `h8`, as far as ntpkit has such a thing. */
import type { AssociationId } from "../../../src/association/association.ts";
import { ControlResponder } from "../../../src/control/responder/responder.ts";
import type { Budgets } from "../../../src/control/responder/budget.ts";
import type { ResponderFacts } from "../../../src/control/responder/facts.ts";
import type { ControlPeer, ControlView, Queried } from "../../../src/engine/port/control.ts";
import type { AssociationReport } from "../../../src/engine/port/snapshot.ts";
import { openKeyring } from "../../../src/security/keyring.ts";
import { AccessList } from "../../../src/server/access.ts";
import { noCounts } from "../../../src/server/disposition.ts";
import { DEFAULT_MRU, MruList, type MruLimits } from "../../../src/server/mru.ts";
import { sourceOf } from "../../../src/server/source.ts";
import type { Mono } from "../../../src/time/mono.ts";
import { shift, timestamp, type NtpTimestamp } from "../../../src/time/timestamp.ts";
import type { Header } from "../../../src/wire/header.ts";
import type { Daemon } from "../replay.ts";
import { association, silent, snapshotOf } from "../../support/snapshot.ts";

/** What the clock reads at steady moment 0. */
export const BEGINNING: NtpTimestamp = timestamp(0xeeac_80c3, 0x21c2_933e);

/** The one that asks, unless a test says otherwise. */
export const ASKER = { ip: "127.0.0.1", port: 40_000 };

const placed = { place: { file: "keys", line: 1, column: 1 }, addresses: [] };
const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

/** The keys of the recordings: 7 is the control key. */
export const { keyring } = await openKeyring(
  [
    { id: 1, algorithm: "MD5", secret: octets("secretmd5"), ...placed },
    { id: 7, algorithm: "SHA1", secret: octets("shortsha1key"), ...placed },
  ],
  "all",
);

/** What the responder is told, but for what a test says. */
export function facts(change: Partial<ResponderFacts> = {}): ResponderFacts {
  return {
    build: { version: "ntpkit 1.0.0", processor: "x86_64", system: "Linux/6.1.0" },
    keys: keyring,
    controlKey: 7,
    secret: octets("sixteen octets!!"),
    kernel: () => ({
      offset: 0,
      frequency: 0,
      maximumError: 16,
      estimatedError: 16,
      flags: ["unsync"],
      timeConstant: 2,
      precision: 1e-6,
      frequencyTolerance: 500e-6,
    }),
    ...change,
  };
}

/** An access list that lets everybody ask. */
export function openAccess(): AccessList {
  const access = new AccessList();
  access.restrictDefault([]);
  return access;
}

/** Clients that were heard, one a millisecond, the last at steady moment 0. */
export function heardClients(count: number, limits: MruLimits = DEFAULT_MRU): MruList {
  const mru = new MruList(limits, 1);
  for (let index = 0; index < count; index += 1) {
    const source = sourceOf(
      index % 3 === 0 ? `2001:db8::${(index + 1).toString(16)}` : `10.1.${index >> 8}.${index & 255}`,
    )!;
    mru.touch({ source, port: 1024 + index, mono: ((index - count + 1) / 1000) as Mono }, 3, 4, 0);
  }
  return mru;
}

/** A packet's header of a server that follows the second of the three. */
export const HEADER: Header = {
  leap: "none",
  version: 4,
  mode: "server",
  stratum: 2,
  poll: 3,
  precision: -24,
  rootDelay: 0,
  rootDispersion: 0.01,
  referenceId: 0x7f7f_0100,
  reference: 0n as NtpTimestamp,
  origin: 0n as NtpTimestamp,
  receive: 0n as NtpTimestamp,
  transmit: 0n as NtpTimestamp,
};

function peer(report: AssociationReport, fields: Partial<ControlPeer> = {}): ControlPeer {
  return {
    report,
    mode: "client",
    template: null,
    header: null,
    minpoll: 3,
    maxpoll: 10,
    samples: [],
    next: 3,
    ...fields,
  };
}

/** Three servers: one followed, one silent, one silent and keyed. */
export function threePeers(): readonly ControlPeer[] {
  const samples = Array.from({ length: 8 }, (_, index) => ({ offset: 0, delay: 0, dispersion: index * 0.00012 }));
  const zero = { offset: 0, delay: 0, dispersion: 0.000116, jitter: 0 };
  return [
    peer(association(41_920, { address: "10.1.0.9", poll: 3, reach: 0o377, when: 1.859, ...zero }), {
      header: HEADER,
      samples,
    }),
    peer(silent(41_921, "unreachable", { address: "10.1.0.99", poll: 4, unreach: 4 })),
    peer(
      silent(41_922, "unreachable", {
        address: "10.1.0.12",
        poll: 4,
        unreach: 4,
        security: "key",
        keyId: 1,
        authentication: "ok",
      }),
      { mode: "symmetricActive", maxpoll: 4 },
    ),
  ];
}

/** The state at a steady moment. */
export function view(change: Partial<ControlView> = {}, mono: number = 0): ControlView {
  const peers = change.peers ?? threePeers();
  const systemPeer = 41_920 as AssociationId;
  return {
    now: { mono: mono as Mono, clock: shift(BEGINNING, mono) },
    snapshot: {
      ...snapshotOf(
        peers.map(({ report }) => report),
        { clock: { offset: 0, jitter: 0 }, system: { systemPeer } },
      ),
      elapsed: 71.4,
    },
    peers,
    told: {
      leap: "none",
      stratum: 3,
      referenceId: 0x0a01_0009,
      reference: timestamp(0xeeac_80c1, 0x45e7_41b3),
      rootDelay: 0,
      rootDispersion: 0.010131,
    },
    wasSynchronized: true,
    localStratum: null,
    precision: -24,
    leastPoll: 3,
    discipline: { name: "rfc5905", state: "SYNC", frequency: 0, jitter: 0, wander: 0, poll: 3 },
    broadcastDelay: null,
    leaps: { next: null, tai: 37, latest: 3_692_217_600, expires: 4_022_265_600 },
    counts: noCounts(),
    mru: heardClients(52),
    access: openAccess(),
    sockets: [
      { address: "0.0.0.0", port: 123 },
      { address: "::", port: 123 },
    ],
    ...change,
  };
}

/** A state that is there whenever it is asked for. */
export function queried(state: ControlView): Queried {
  return { access: state.access, view: () => state };
}

/** A responder, and it as a daemon that answers at once. */
export function responderOf(
  change: Partial<ControlView> = {},
  more: Partial<ResponderFacts> = {},
  budgets?: Budgets,
): { readonly responder: ControlResponder; readonly daemon: Daemon } {
  const responder = new ControlResponder(facts(more), budgets);
  const state = view(change);
  return { responder, daemon: (bytes) => responder.respond(bytes, ASKER, queried(state), state.now) };
}
