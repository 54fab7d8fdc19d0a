/**
 * The lines that measure nothing themselves, as ntpq lists them: a pool, a search, broadcasts and multicasts. And whoever
 * hears broadcasts is reached or not, as others are.
 */
import type { Chance } from "../../../src/engine/port/engine.ts";
import { describe, expect, it } from "vitest";
import { BASE_SERVICE, BASE_SERVING } from "../../../src/config/base.ts";
import { mode6Report } from "../../../src/control/daemonmode6.ts";
import { readDaemon, readStatus, type ReadDaemon } from "../../../src/control/operations.ts";
import { reselect } from "../../../src/control/reselect.ts";
import { ControlResponder } from "../../../src/control/responder/responder.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import type { AssociationConfig } from "../../../src/engine/port/config.ts";
import { defaultRules } from "../../../src/server/access.ts";
import { associationsTable, peersTable } from "../../../src/view/peers.ts";
import { at, securityOf } from "../../support/association.ts";
import { queryConfig } from "../../support/engine.ts";
import { association, MOMENT } from "../../support/snapshot.ts";
import { ask, type Daemon } from "../replay.ts";
import { facts, queried, responderOf, view } from "./view.ts";

const CHANCE: Chance = { bits64: () => 1n, uniform: () => 0.5, split: () => CHANCE };

/** A daemon that was just started with some lines. */
function daemonOf(lines: readonly Partial<AssociationConfig>[]): Daemon {
  const serving = { ...BASE_SERVING, access: defaultRules([]), ownAddresses: ["127.0.0.2"] };
  const security = securityOf("none");
  const engine = createEngine(queryConfig(lines, {}, { once: null, serving, service: BASE_SERVICE }), {
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
    control: new ControlResponder(facts()),
  });
  const started = engine.handle({ kind: "start" }, at(0));
  const listening = started.find((action) => action.kind === "listen")!;
  for (const action of started)
    if (action.kind === "resolve" && action.name !== "pool.test")
      engine.handle({ kind: "resolved", name: action.name, addresses: [action.name] }, at(0));
  return (bytes) =>
    engine
      .handle(
        {
          kind: "datagram",
          socket: listening.socket,
          from: { ip: "127.0.0.1", port: 40_000 },
          to: { ip: "127.0.0.2", port: 123 },
          cast: "unicast",
          at: at(1).clock,
          stamp: "kernel",
          bytes,
        },
        at(1),
      )
      .flatMap((action) => (action.kind === "send" && action.to.port === 40_000 ? [action.bytes] : []));
}

const LINES: readonly Partial<AssociationConfig>[] = [
  { kind: "pool", name: "pool.test", minpoll: 6, maxpoll: 10 },
  { kind: "manycast", name: "239.1.1.1", minpoll: 4, maxpoll: 10, key: 4 },
  { kind: "broadcast", name: "10.1.0.255", minpoll: 6 },
  { kind: "broadcast", name: "239.1.1.1", minpoll: 4, key: 1, ttl: 64 },
];

describe("lines that measure nothing", () => {
  const daemon = daemonOf(LINES);
  const read = ask(readDaemon(), daemon) as ReadDaemon;
  const report = mode6Report("h", read, at(1).clock, MOMENT);

  it("are listed as classic ntpq -pn lists them", () => {
    // test/fixtures/captures: e-multicast, f1-manycast, g1-pool
    const rows = peersTable(report).split("\n").slice(2, -1);
    expect(rows.toSorted()).toEqual(
      [
        " 10.1.0.255      .BCST.          16 B    -   64    0    0.000   +0.000   0.000",
        " 239.1.1.1       .ACST.          16 a    -   16    0    0.000   +0.000   0.000",
        " 239.1.1.1       .MCST.          16 M    -   16    0    0.000   +0.000   0.000",
        " pool.test       .POOL.          16 p    -   64    0    0.000   +0.000   0.000",
      ].toSorted(),
    );
  });

  it("have no reach, and a status of their own: those that sign are authenticated by what they send", () => {
    const listed = ask(readStatus(), daemon);
    const lines = associationsTable(listed.kind === "status" ? listed.associations : [])
      .split("\n")
      .slice(2, -1)
      .map((line) => line.trim().split(/\s+/).slice(2, 7).join(" "));
    expect(lines.toSorted()).toEqual(
      [
        "8811 yes none none reject",
        "8811 yes none none reject",
        "c811 yes none yes reject",
        "c811 yes none yes reject",
      ].toSorted(),
    );
  });

  it("tell what ntpd tells of theirs", () => {
    const of = (refid: string) => report.associations.find((peer) => peer.refid === refid)!.variables;
    expect(of("POOL")).toMatchObject({
      srcadr: "0.0.0.0",
      srcport: "0",
      srchost: '"pool.test"',
      hmode: "3",
      ppoll: "10",
    });
    expect(of("ACST")).toMatchObject({ srcadr: "239.1.1.1", hmode: "3", keyid: "4", reach: "0x0", stratum: "16" });
    expect(of("MCST")).toMatchObject({ srcadr: "239.1.1.1", hmode: "5", keyid: "1", ttl: "64", flash: "0x1600" });
  });

  it("are no candidates for whoever selects anew", () => {
    expect(reselect(report).rejudged).toEqual([]);
  });
});

it("who hears a broadcast server is reached, and says so", () => {
  const report = association(9, { mode: "broadcast", reach: 0o377, verdict: "systemPeer" });
  const heard = { ...view().peers[0]!, report, mode: "broadcastClient" as const };
  const { responder } = responderOf();
  const state = view({ peers: [heard] });
  const listed = ask(readStatus(), (bytes) =>
    responder.respond(bytes, { ip: "127.0.0.1", port: 40_000 }, queried(state), state.now),
  );
  const table = associationsTable(listed.kind === "status" ? listed.associations : []);
  expect(table).toMatch(/ 961a {3}yes {3}yes {2}none {2}sys\.peer {4}sys_peer {2}1\n$/);
});
