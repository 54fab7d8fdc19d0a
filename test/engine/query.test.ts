import { describe, expect, it } from "vitest";
import { encodeHeader, readHeader } from "../../src/wire/header.ts";
import { Bench, queryConfig, sendsOf } from "../support/engine.ts";

const FIVE = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"].map((name) => ({ name }));

describe("a query", () => {
  it("asks one question, reports the offset and ends", () => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }]));
    const [question] = bench.start();
    bench.answer(question!, 0, { offset: 0.25 });
    expect(bench.engine.outcome).toBe("ok");
    expect(bench.snapshot.clock).toMatchObject({
      direction: "behind",
      action: "none",
      applied: false,
      reason: "query",
    });
    expect(bench.snapshot.clock.offset).toBeCloseTo(0.25, 8);
    expect(bench.snapshot.associations[0]).toMatchObject({
      verdict: "systemPeer",
      tally: "*",
      reach: 1,
      packets: { sent: 1, received: 1, rejected: 0 },
      timestamps: "kernel",
    });
    expect(bench.snapshot.system).toMatchObject({ stratum: 3, refid: "192.0.2.1", survivors: 1, truechimers: 1 });
  });

  it("hears every server out", () => {
    const bench = new Bench(queryConfig(FIVE));
    const questions = bench.start();
    expect(questions).toHaveLength(5);
    for (const question of questions.slice(0, 4)) bench.answer(question, 0);
    expect(bench.engine.outcome).toBeNull();
    bench.answer(questions[4]!, 0);
    expect(bench.engine.outcome).toBe("ok");
  });

  it("names the falseticker and goes with the majority", () => {
    const bench = new Bench(queryConfig(FIVE));
    for (const [index, question] of bench.start().entries())
      bench.answer(question, 0, { offset: index === 2 ? 3 : 0.001 * index });
    const { associations, system } = bench.snapshot;
    expect(associations[2]).toMatchObject({ verdict: "falseticker", tally: "x", reason: "outsideIntersection" });
    expect(system).toMatchObject({ truechimers: 4, falsetickers: 1 });
  });

  it.each([
    ["no server answered", {}, "no-reply", "unreachable"],
    ["the server is not synchronized", { leap: "unsynchronized" }, "no-agreement", "unsynchronized"],
    ["the server is too far from its source", { rootDispersion: 2 }, "no-agreement", "rootDistance"],
    ["the server says DENY", { stratum: 0, leap: "unsynchronized", referenceId: 0x4445_4e59 }, "kiss", "denied"],
    ["the server says RATE", { stratum: 0, leap: "unsynchronized", referenceId: 0x5241_5445 }, "kiss", "kiss"],
  ] as const)("ends as the contract says when %s", (_, fields, outcome, reason) => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }]));
    const [question] = bench.start();
    if (outcome !== "no-reply") bench.answer(question!, 0, fields);
    bench.run(15);
    expect(bench.engine.outcome).toBe(outcome);
    expect(bench.snapshot.associations[0]!.reason).toBe(reason);
    expect(bench.snapshot.clock.offset).toBeNull();
  });

  it("lists servers in the order they were named in", () => {
    const bench = new Bench(
      queryConfig([{ name: "192.0.2.2", port: 1 }, { name: "192.0.2.1" }, { name: "192.0.2.2", port: 2 }]),
    );
    bench.start();
    expect(bench.snapshot.associations.map(({ name, port }) => `${name}:${port}`)).toEqual([
      "192.0.2.2:1",
      "192.0.2.1:123",
      "192.0.2.2:2",
    ]);
  });

  it.each([
    [123, "noPrivilege", "permission", "sourcePort"],
    [123, "portInUse", "permission", "sourcePort"],
    [null, "noPrivilege", "no-reply", "unreachable"], // a firewall's EPERM
  ] as const)("from source port %j that meets %s ends with %s", (sourcePort, why, outcome, reason) => {
    const bench = new Bench({ ...queryConfig([{ name: "192.0.2.1" }]), sourcePort });
    const [question] = bench.start();
    bench.at(0.01, { kind: "failed", token: question!.token, why });
    expect(bench.engine.outcome).toBe(outcome);
    expect(bench.snapshot.associations[0]!.reason).toBe(reason);
  });

  it.each([
    [123, { received: 2, rejected: 0 }],
    [null, { received: 2, rejected: 1 }],
  ] as const)(
    "from source port %j: a reply that came to the socket of the question behind it is one only where they share the port",
    (sourcePort, packets) => {
      const bench = new Bench({ ...queryConfig([{ name: "192.0.2.1" }], { samples: 2 }), sourcePort, timeout: 5 });
      const [first] = bench.start();
      const [second] = sendsOf(bench.run(2));
      bench.answer({ ...first!, socket: second!.socket }, 2.1);
      bench.answer(second!, 2.2);
      expect(bench.snapshot.associations[0]!.packets).toMatchObject(packets);
    },
  );

  it("says at once that nothing listens on a port", () => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }]));
    const [question] = bench.start();
    bench.at(0.01, { kind: "unreachable", socket: question!.socket, why: "portUnreachable" });
    expect(bench.engine.outcome).toBe("no-reply");
    expect(bench.snapshot.associations[0]!.reason).toBe("portUnreachable");
  });

  it("reports the loop when the server is set by us", () => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }], {}, { ownReferenceIds: [0xc000_0263] }));
    const [question] = bench.start();
    bench.answer(question!, 0, { referenceId: 0xc000_0263, stratum: 3 });
    expect(bench.snapshot.associations[0]!.reason).toBe("loop");
  });

  it("is not moved by what strangers send", () => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }]));
    const [question] = bench.start();
    const header = readHeader(new DataView(question!.bytes.buffer));
    const forged = encodeHeader({ ...header, mode: "server", stratum: 1, origin: header.transmit });
    bench.datagram(question!, 0.001, forged, { ip: "192.0.2.66", port: 123 });
    bench.datagram(question!, 0.001, forged, { ip: "192.0.2.1", port: 124 });
    bench.datagram(question!, 0.001, forged.subarray(0, 47));
    bench.datagram(question!, 0.001, new Uint8Array(0));
    bench.datagram(question!, 0.001, encodeHeader({ ...header, mode: "broadcast" }));
    expect(bench.engine.outcome).toBeNull();
    expect(bench.snapshot.associations[0]!.packets).toEqual({ sent: 1, received: 0, rejected: 5 });
    bench.answer(question!, 0, { offset: 0.1 });
    expect(bench.engine.outcome).toBe("ok");
  });

  it("falls back on the name's other family when the first has no route", () => {
    const bench = new Bench(queryConfig([{ name: "time.example" }]));
    const [question] = bench.start({ "time.example": ["2001:db8::1", "192.0.2.1"] });
    bench.at(0, { kind: "failed", token: question!.token, why: "noRoute" });
    const [second] = sendsOf(bench.run(0));
    expect(second!.to.ip).toBe("192.0.2.1");
    bench.answer(second!, 0);
    expect(bench.engine.outcome).toBe("ok");
  });

  it("says once that a question could not leave", () => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }]));
    const [question] = bench.start();
    const { token, to } = question!;
    const told = bench
      .at(0, { kind: "failed", token, why: "noRoute", to })
      .flatMap((action) => (action.kind === "note" ? [action.note.what] : []));
    expect(told.filter((what) => what === "unreachable" || what === "notSent")).toEqual(["unreachable"]);
  });

  it("asks one address only once, whatever names it has", () => {
    const bench = new Bench(queryConfig([{ name: "a.example" }, { name: "b.example" }]));
    const questions = bench.start({ "a.example": ["192.0.2.1"], "b.example": ["192.0.2.1"] });
    expect(questions).toHaveLength(1);
    bench.answer(questions[0]!, 0);
    expect(bench.snapshot.associations[1]).toMatchObject({ verdict: "rejected", reason: "duplicate" });
  });

  it("mobilizes a pool's members of the other family where the first has too few", () => {
    const bench = new Bench(queryConfig([{ name: "pool.example", kind: "pool" }]));
    const questions = bench.start({
      "pool.example": ["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"],
    });
    expect(questions.map(({ to }) => to.ip)).toEqual(["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]);
  });

  it("mobilizes a pool's members of one family, as many as are wanted", () => {
    const bench = new Bench(queryConfig([{ name: "pool.example", kind: "pool" }]));
    const questions = bench.start({
      "pool.example": ["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"],
    });
    expect(questions.map(({ to }) => to.ip)).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]);
    expect(bench.snapshot.associations.map(({ lifetime }) => lifetime)).toEqual(Array(4).fill("preemptable"));
  });

  it.each([
    ["pool", 4],
    ["server", 1],
  ] as const)("asks what a %s's name gives beyond the first draw in place of who stays silent", (kind, drawn) => {
    const bench = new Bench(queryConfig([{ name: "six.example", kind }], { deadline: 60 }));
    const addresses = [1, 2, 3, 4, 5, 6].map((last) => `192.0.2.${last}`);
    const living = new Set(["192.0.2.5", "192.0.2.6"]);
    const asked = new Set<string>(bench.start({ "six.example": addresses }).map(({ to }) => to.ip));
    expect(asked.size).toBe(drawn);
    for (let time = 0.5; time < 40 && bench.engine.outcome === null; time += 0.5)
      for (const send of sendsOf(bench.run(time))) {
        asked.add(send.to.ip);
        if (living.has(send.to.ip)) bench.answer(send, time);
      }
    expect(bench.engine.outcome).toBe("ok");
    expect([...asked].filter((ip) => living.has(ip)).length).toBe(kind === "pool" ? 2 : 1);
  });

  it("says which name has no address", () => {
    const bench = new Bench(queryConfig([{ name: "nowhere.example" }]));
    bench.start({ "nowhere.example": [] });
    expect(bench.engine.outcome).toBe("resolve");
    expect(bench.snapshot.associations[0]).toMatchObject({
      name: "nowhere.example",
      address: null,
      reason: "unresolved",
    });
  });

  it("waits for the network as long as it is told to", () => {
    const bench = new Bench(queryConfig([{ name: "time.example" }], { waitNetwork: 60, deadline: null }));
    bench.at(0, { kind: "start" });
    bench.at(0, { kind: "unresolved", name: "time.example", why: "again" });
    expect(bench.engine.outcome).toBeNull();
    const again = bench.run(1);
    expect(again).toContainEqual({ kind: "resolve", name: "time.example", family: null });
    bench.at(2, { kind: "resolved", name: "time.example", addresses: ["192.0.2.1"] });
    const [question] = sendsOf(bench.run(2));
    bench.answer(question!, 2);
    expect(bench.engine.outcome).toBe("ok");
  });

  it("waits to the end of its patience: the last pause is cut, not skipped", () => {
    for (const waitNetwork of [30, 2, 0.5, 8.25]) {
      const bench = new Bench(queryConfig([{ name: "time.example" }], { waitNetwork, deadline: null }));
      bench.at(0, { kind: "start" });
      let now = 0;
      while (bench.engine.outcome === null) {
        bench.at(now, { kind: "unresolved", name: "time.example", why: "again" });
        if (bench.engine.outcome !== null) break;
        now = bench.engine.wakeAt!;
        expect(bench.run(now)).toContainEqual({ kind: "resolve", name: "time.example", family: null });
      }
      expect(now).toBeCloseTo(waitNetwork, 6);
    }
  });

  it("tries to the end of its patience where there is no route", () => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }], { waitNetwork: 5, deadline: null }));
    let [question] = bench.start();
    let now = 0;
    for (; bench.engine.outcome === null; [question] = sendsOf(bench.run(now))) {
      bench.at(now, { kind: "failed", token: question!.token, why: "noRoute" });
      if (bench.engine.outcome === null) now = bench.engine.wakeAt!;
    }
    expect(now).toBeCloseTo(5, 6);
  });

  it("remembers who sent it away, and asks it nothing the next time", () => {
    const first = new Bench(queryConfig([{ name: "192.0.2.1" }]));
    const [question] = first.start();
    const actions = first.answer(question!, 0, { stratum: 0, leap: "unsynchronized", referenceId: 0x4445_4e59 });
    const remembered = actions.find((action) => action.kind === "remember");
    expect(remembered!.memory.kisses).toMatchObject([{ ip: "192.0.2.1", port: 123, code: "DENY" }]);

    const second = new Bench(queryConfig([{ name: "192.0.2.1" }]));
    second.at(0, { kind: "start", memory: remembered!.memory });
    const done = second.at(0, { kind: "resolved", name: "192.0.2.1", addresses: ["192.0.2.1"] });
    expect(sendsOf(done)).toEqual([]);
    expect(second.engine.outcome).toBe("kiss");
    expect(second.snapshot.associations[0]).toMatchObject({ reason: "denied", kiss: "DENY", packets: { sent: 0 } });
  });

  it("closes every socket it opened", () => {
    const bench = new Bench(queryConfig(FIVE, { samples: 3 }));
    const opened = new Set<number>();
    const watch = (actions: ReturnType<Bench["run"]>) => {
      for (const action of actions) {
        if (action.kind === "ask") opened.add(action.token);
        if (action.kind === "close") opened.delete(action.socket);
      }
    };
    const questions = bench.start();
    for (const { socket } of questions) opened.add(socket);
    for (const question of questions) watch([...bench.answer(question, 0)]);
    watch(bench.run(60));
    expect(bench.engine.outcome).not.toBeNull();
    expect([...opened]).toEqual([]);
    expect(bench.engine.wakeAt).toBeUndefined();
  });
});
