/** Reports, documents and failures of the commands that find servers, and what a server tells. */
import { describe, expect, it } from "vitest";
import type { AssociationId } from "../../src/association/association.ts";
import type { Snapshot } from "../../src/engine/port/snapshot.ts";
import { noCounts } from "../../src/server/disposition.ts";
import { localVariables } from "../../src/server/local.ts";
import { publish } from "../../src/server/published.ts";
import { fromUnix } from "../../src/time/timestamp.ts";
import { BroadcastEvents, broadcastLine } from "../../src/view/broadcast.ts";
import { bareDocument } from "../../src/view/document.ts";
import { describeFinding, type FindingContext } from "../../src/view/finding-failure.ts";
import { findingSchemas } from "../../src/view/finding-schema.ts";
import { findingDocument, findingProgress, findingReport } from "../../src/view/finding.ts";
import { PLAIN } from "../../src/view/palette.ts";
import { countsText, presenceText, serveDocument, servedText, serveProgress } from "../../src/view/serve.ts";
import { warningInWords } from "../../src/view/set-warnings.ts";
import { association, lost, MOMENT, snapshotOf, undecided } from "../support/snapshot.ts";
import { violations } from "../support/schema.ts";

const STYLE = { width: 100, wraps: false, palette: PLAIN, pivot: MOMENT };
const SCHEMAS = findingSchemas();
const RINGS: Snapshot["rings"] = [
  { group: "239.1.1.1", ttl: 1, sentAt: fromUnix(MOMENT), replies: 0 },
  { group: "239.1.1.1", ttl: 2, sentAt: fromUnix(MOMENT), replies: 2 },
];
const EXTRA = { groups: ["239.1.1.1"], warnings: [] };
const CONTEXT: FindingContext = {
  groups: ["239.1.1.1"],
  ttl: 7,
  key: null,
  port: 123,
  deadline: null,
  interface: null,
  notListening: null,
  notJoined: null,
  notSent: null,
  lacking: null,
  alone: false,
  nts: false,
  autokey: false,
};
const found = { lifetime: "preemptable", ttl: 2, group: "239.1.1.1" } as const;

describe("manycast", () => {
  const snapshot: Snapshot = {
    ...snapshotOf([
      association(1, { ...found, keyId: 7, authentication: "ok" }),
      lost(2, "authentication", { ...found, packets: { sent: 0, received: 1, rejected: 1 } }),
    ]),
    rings: RINGS,
  };

  it("tells ring by ring, then server by server", () => {
    const text = findingReport("manycast", snapshot, STYLE);
    expect(text).toContain("239.1.1.1  ring 1 (1 hop): 0 answered\n239.1.1.1  ring 2 (2 hops): 2 answered\n");
    expect(text).toMatch(/^\* 192\.0\.2\.1 +2 +2 +198\.51\.100\.1 +key 7 /m);
    expect(text).toContain("192.0.2.2: its answers were not authentic: they carry no key's code\n");
  });

  it("has a document that fits its schema, with one group or more", () => {
    const document = findingDocument("manycast", snapshot, null, MOMENT, EXTRA);
    expect(violations(JSON.parse(JSON.stringify(document)), SCHEMAS["manycast"]!)).toEqual([]);
    expect(document).toMatchObject({
      group: "239.1.1.1",
      rings: [{ ttl: 1, replies: 0, sentAt: expect.stringMatching(/Z$/) }, { ttl: 2 }],
    });
    expect(
      findingDocument("manycast", snapshot, null, MOMENT, { ...EXTRA, groups: ["239.1.1.1", "ff05::101"] }),
    ).toMatchObject({ group: ["239.1.1.1", "ff05::101"] });
  });

  it("draws no more lines than there is room for", () => {
    const many = {
      ...snapshotOf(Array.from({ length: 50 }, (_, index) => association(index + 1, found))),
      rings: RINGS,
    };
    const lines = findingProgress("manycast", many, STYLE, 10);
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe("… and 44 more");
  });

  it("says why nothing was found", () => {
    const empty = { ...undecided([]), rings: RINGS };
    const say = (
      outcome: "no-reply" | "authentication" | "permission",
      context: Partial<FindingContext> = {},
      of: Snapshot = empty,
    ) => describeFinding("manycast", outcome, of, { ...CONTEXT, ...context })!;
    expect(say("no-reply").message).toBe("no server answered within 2 hops of this host in 239.1.1.1");
    expect(say("no-reply", { notSent: { ip: "239.1.1.1", why: "noRoute" } }).message).toBe(
      "239.1.1.1 cannot be asked: there is no route to it",
    );
    expect(say("no-reply", { alone: true })).toEqual({
      code: "no-reply",
      message: "no server answered on this host in 239.1.1.1",
      hint: "this host has no network but loopback: `ip link` shows which interfaces are down",
    });
    expect(say("authentication", {}, snapshot)).toMatchObject({
      message: "1 server was found, and none is authentic: 192.0.2.2",
      hint: expect.stringContaining("--no-auth"),
    });
    expect(say("authentication", { nts: true }, snapshot)).toMatchObject({
      message: "whoever was found could not prove who he is under NTS",
      hint: expect.stringMatching(/--ca FILE/),
    });
    expect(describeFinding("broadcast", "permission", empty, { ...CONTEXT, notListening: "portInUse" })).toMatchObject({
      message: "UDP port 123 is in use by another program",
      hint: "stop the time daemon there while this listens, or run one that shares the port, as chronyd does",
    });
    expect(
      describeFinding("broadcast", "no-reply", empty, {
        ...CONTEXT,
        notJoined: { group: "239.1.1.1", why: "noMulticast" },
        interface: "eth0",
      })!.message,
    ).toBe("239.1.1.1 cannot be received on eth0: the interface passes no multicasts");
    expect(describeFinding("manycast", "ok", snapshot, CONTEXT)).toBeNull();
  });
});

describe("pool", () => {
  it("has a line a member, and warnings about all of them", () => {
    const warnings = [
      warningInWords({
        code: "sharedUpstream",
        upstream: "198.51.100.1",
        addresses: ["192.0.2.1", "192.0.2.2"],
        servers: 4,
        sources: 2,
      }),
    ];
    const snapshot: Snapshot = {
      ...snapshotOf([association(1), lost(2, "kiss", { kiss: "RATE" })]),
      resolved: [{ name: "pool.example", addresses: ["192.0.2.1", "192.0.2.2"] }],
    };
    const text = findingReport("pool", snapshot, STYLE, warnings);
    expect(text).toMatch(/^pool\.example: 2 addresses\n/);
    expect(text).toMatch(/ refid +leap .* distance +reach +kiss +why not\n/);
    expect(text).toContain("warning: four servers, two sources: 192.0.2.1 and 192.0.2.2 all follow 198.51.100.1\n");
    const document = findingDocument("pool", snapshot, null, MOMENT, { groups: [], warnings });
    expect(violations(JSON.parse(JSON.stringify(document)), SCHEMAS["pool"]!)).toEqual([]);
  });
});

describe("broadcast", () => {
  const server = association(3, { lifetime: "ephemeral", group: "239.1.1.1", keyId: 7, authentication: "none" });
  const id = 3 as AssociationId;
  const address = { ip: "192.0.2.3", port: 123 };

  it("makes events of notes, each a line and a document", () => {
    const events = new BroadcastEvents();
    const snapshot = snapshotOf([server]);
    const made = [
      events.of({ what: "mobilized", id, name: "192.0.2.3", address }, snapshot, MOMENT)!,
      events.of({ what: "volley", id, address, offset: 0.001, delay: 0.0002 }, snapshot, MOMENT)!,
      events.of({ what: "broadcast", id, address, offset: 0.002, delay: 0.0002 }, snapshot, MOMENT)!,
      events.of({ what: "demobilized", id, address, why: "unreachable" }, snapshotOf([]), MOMENT)!,
    ];
    expect(made.map(({ event }) => event)).toEqual(["mobilized", "volley", "sample", "demobilized"]);
    for (const event of made) expect(violations(JSON.parse(JSON.stringify(event)), SCHEMAS["broadcast"]!)).toEqual([]);
    expect(made.map(broadcastLine)).toEqual(
      [
        "20:00:01 192.0.2.3:123 in 239.1.1.1: mobilized, stratum 2, authentication by key 7",
        "20:00:01 192.0.2.3:123 in 239.1.1.1: volley done, offset +1.00 ms, delay 200.0 µs",
        "20:00:01 192.0.2.3:123 in 239.1.1.1: offset +2.00 ms, delay 200.0 µs",
        "20:00:01 192.0.2.3:123 in 239.1.1.1: demobilized: it did not answer",
      ].map((line) =>
        expect.stringMatching(new RegExp(`^\\d\\d:\\d\\d:\\d\\d ${line.slice(9).replaceAll(/[.+]/g, "\\$&")}$`)),
      ),
    );
    expect(events.of({ what: "polled", id, address }, snapshot, MOMENT)).toBeNull();
  });

  it("lists who may not be used as rejected", () => {
    const listed = lost(3, "authentication", {
      packets: { sent: 0, received: 1, rejected: 1 },
      authentication: "failed",
      keyId: 9,
    });
    expect(
      new BroadcastEvents().of({ what: "mobilized", id, name: "192.0.2.3", address }, undecided([listed]), MOMENT),
    ).toMatchObject({ event: "rejected", reason: "authentication", keyId: 9, authentication: "failed" });
  });

  it("says who has proved under Autokey who he is, and once why somebody has not", () => {
    const events = new BroadcastEvents();
    const dance = { status: 0, host: "srv", ident: null, signature: null, fault: "trail", trail: [] } as const;
    const dancing = association(3, { lifetime: "ephemeral", authentication: "failed", autokey: dance });
    const refused = { what: "refused", id, from: address, test: "authentication" } as const;
    const told = [1, 2].map(() => events.of(refused, snapshotOf([dancing]), MOMENT));
    expect(told).toMatchObject([{ event: "rejected", autokey: { host: "srv", fault: "trail" } }, null]);
    expect(broadcastLine(told[0]!)).toMatch(/: rejected: it has not proved who it is: Autokey: /);
    const proved = association(3, { authentication: "ok", autokey: { ...dance, fault: null } });
    const volley = { what: "volley", id, address, offset: 0.001, delay: 0.0002 } as const;
    const done = events.of(volley, snapshotOf([proved]), MOMENT)!;
    expect(broadcastLine(done)).toMatch(/: volley done, proved by Autokey to be srv, offset \+1\.00 ms/);
    expect(events.of({ ...refused, id: null }, snapshotOf([proved]), MOMENT)).toBeNull();
    for (const event of [told[0], done])
      expect(violations(JSON.parse(JSON.stringify(event)), SCHEMAS["broadcast"]!)).toEqual([]);
  });

  it("fails as a document of its own", () => {
    expect(
      violations(bareDocument("broadcast", { code: "no-reply", message: "x", hint: null }), SCHEMAS["broadcast"]!),
    ).toEqual([]);
  });
});

describe("serve", () => {
  const published = publish(localVariables(2, fromUnix(MOMENT)), { precision: -24, leastPoll: 3, age: 0, smear: 0 });
  const nothing = publish(
    { ...localVariables(2, fromUnix(MOMENT)), leap: "unsynchronized" },
    { precision: -24, leastPoll: 3, age: 0, smear: 0 },
  );
  const state = { snapshot: undecided([]), published, counts: { ...noCounts(), answered: 5, noServe: 2 }, clients: 3 };
  const presence = { port: 123, address: null, groups: ["239.1.1.1"], broadcasts: ["192.0.2.255"], ntsPort: 4460 };

  it("tells where it is, what it says and what came", () => {
    expect(presenceText(presence)).toBe(
      "answering on UDP port 123; establishing keys for NTS on TCP port 4460; searches in 239.1.1.1; broadcasting to 192.0.2.255",
    );
    expect(servedText(state)).toBe("stratum 2, refid LOCAL(0)");
    expect(servedText({ ...state, published: nothing })).toContain("leap 3");
    expect(countsText(state)).toBe("7 packets, 5 answered (2 noServe), 3 clients");
    expect(serveProgress(presence, state, 41.6, 80, PLAIN)).toHaveLength(3);
  });

  it("has documents that fit their schema", () => {
    for (const event of ["listening", "source", "counts", "stopped"] as const) {
      const document = serveDocument(event, presence, state, MOMENT);
      expect(violations(JSON.parse(JSON.stringify(document)), SCHEMAS["serve"]!)).toEqual([]);
      expect(document).toMatchObject({
        event,
        packets: { received: 7, answered: 5, restricted: 2 },
        causes: { answered: 5, noServe: 2 },
      });
    }
  });
});
