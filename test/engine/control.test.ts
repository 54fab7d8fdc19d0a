/** Control queries reach whoever answers them, and nobody else's do. */
import type { Chance } from "../../src/engine/port/engine.ts";
import { describe, expect, it } from "vitest";
import { createEngine } from "../../src/engine/engine.ts";
import type { Action } from "../../src/engine/port/action.ts";
import type { ControlView, Queried } from "../../src/engine/port/control.ts";
import type { Event } from "../../src/engine/port/event.ts";
import { BASE_SERVICE, BASE_SERVING } from "../../src/config/base.ts";
import { defaultRules, type RestrictFlag } from "../../src/server/access.ts";
import type { Counts } from "../../src/server/disposition.ts";
import { NO_FALLBACKS } from "../../src/server/local.ts";
import { at, securityOf } from "../support/association.ts";
import { queryConfig } from "../support/engine.ts";

const CHANCE: Chance = { bits64: () => 1n, uniform: () => 0.5, split: () => CHANCE };

const QUERY = Uint8Array.of(0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
const ANSWERS = [Uint8Array.of(1), Uint8Array.of(2, 3)];

/** A server that has been running for 10 s; what it does about a datagram, and what was seen of it. */
function asked(
  datagram: Partial<Extract<Event, { kind: "datagram" }>> = {},
  {
    flags = [],
    isAnswered = true,
    local = null,
  }: { flags?: RestrictFlag[]; isAnswered?: boolean; local?: number | null } = {},
): { actions: readonly Action[]; views: ControlView[]; counts: Readonly<Counts> } {
  const serving = {
    ...BASE_SERVING,
    access: defaultRules(flags),
    rate: { average: 3, minimum: 1 },
    fallbacks: { ...NO_FALLBACKS, local },
    ownAddresses: ["127.0.0.2"],
  };
  const config = queryConfig([{ name: "192.0.2.1" }], {}, { once: null, serving, service: BASE_SERVICE });
  const security = securityOf("none");
  const views: ControlView[] = [];
  const control = {
    respond: (_: Uint8Array, __: unknown, { view }: Queried) => {
      views.push(view());
      return ANSWERS;
    },
  };
  const engine = createEngine(config, {
    chance: CHANCE,
    security: {
      none: () => security,
      key: () => security,
      judge: () => "none",
      nts: () => {
        throw new Error("nobody here is under NTS");
      },
      autokey: () => {
        throw new Error("nobody here is under Autokey");
      },
      sealWith: (_, bytes) => ({ kind: "sealed", bytes }),
    },
    referenceIdOf: () => 1,
    era: 1_700_000_000_000_000_000n,
    ...(isAnswered ? { control } : {}),
  });
  const listening = engine.handle({ kind: "start" }, at(0)).find((action) => action.kind === "listen")!;
  engine.handle({ kind: "resolved", name: "192.0.2.1", addresses: ["192.0.2.1"] }, at(0));
  const event: Event = {
    kind: "datagram",
    socket: listening.socket,
    from: { ip: "127.0.0.1", port: 40_000 },
    to: { ip: "127.0.0.2", port: 123 },
    cast: "unicast",
    at: at(10).clock,
    stamp: "kernel",
    bytes: QUERY,
    ...datagram,
  };
  const actions = engine.handle(event, at(10)).filter(({ kind }) => kind === "send");
  return { actions, views, counts: engine.responder!.server.counts };
}

describe("a control query", () => {
  it("is answered from where it came to, datagram by datagram", () => {
    const { actions } = asked();
    expect(actions).toMatchObject(
      ANSWERS.map((bytes) => ({
        kind: "send",
        to: { ip: "127.0.0.1", port: 40_000 },
        from: "127.0.0.2",
        association: null,
        bytes,
      })),
    );
  });

  it("shows the state as it is then", () => {
    const [view] = asked({}, { local: 5 }).views;
    expect(view!.peers.map(({ report, mode, maxpoll, header }) => [report.address, mode, maxpoll, header])).toEqual([
      ["192.0.2.1", "client", expect.any(Number), null],
    ]);
    expect(view!.told).toMatchObject({ leap: "none", stratum: 5, referenceId: 0x7f7f_0100, rootDelay: 0 });
    expect(view!.told.rootDispersion).toBeCloseTo(0.01, 4);
    expect([view!.localStratum, view!.wasSynchronized, view!.discipline, view!.snapshot.elapsed]).toEqual([
      5,
      false,
      null,
      10,
    ]);
    expect(view!.sockets).toEqual([
      { address: "0.0.0.0", port: 123 },
      { address: "::", port: 123 },
    ]);
    expect(view!.counts.control).toBe(1);
    expect(asked().views[0]!.told).toMatchObject({ leap: "unsynchronized", stratum: 16 });
  });

  it.each([
    ["sent to a group", { cast: "group" as const }, {}],
    ["under noquery", {}, { flags: ["noquery" as const] }],
    ["under ignore", {}, { flags: ["ignore" as const] }],
    ["from port 0", { from: { ip: "127.0.0.1", port: 0 } }, {}],
    ["of mode 7", { bytes: Uint8Array.of(0x17, ...QUERY.subarray(1)) }, {}],
    ["where nobody answers any", {}, { isAnswered: false }],
  ])("hears nothing %s", (_, datagram, rules) => {
    expect(asked(datagram, rules)).toMatchObject({ actions: [], views: [] });
  });
});

describe("what is of no use to a server is counted by its causes:", () => {
  const packet = (mode: number): Uint8Array => new Uint8Array(48).fill(1).fill(0x20 | mode, 0, 1);
  it.each([
    ["a reply", { bytes: packet(4) }, [], "notRequest"],
    ["a passive peer's packet", { bytes: packet(2) }, [], "notRequest"],
    ["a broadcast sent to us alone", { bytes: packet(5) }, [], "notRequest"],
    ["a broadcast, though nobody listens", { bytes: packet(5), cast: "broadcast" as const }, [], "notRequest"],
    [
      "our own broadcast",
      { bytes: packet(5), cast: "group" as const, from: { ip: "127.0.0.2", port: 123 } },
      [],
      "ownPacket",
    ],
    ["a broadcast under ignore", { bytes: packet(5), cast: "broadcast" as const }, ["ignore" as const], "ignored"],
    ["half a reply", { bytes: packet(4).subarray(0, 24) }, [], "notRequest"],
  ] as const)("%s", (_, datagram, flags, cause) => {
    const { actions, counts } = asked(datagram, { flags: [...flags] });
    expect([actions, Object.entries(counts).filter(([, count]) => count > 0)]).toEqual([[], [[cause, 1]]]);
  });
});
