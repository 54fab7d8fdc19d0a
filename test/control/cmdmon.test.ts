import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readChrony,
  readChronyActivity,
  readChronyServerStats,
  readChronySources,
  readChronyTracking,
  type ChronyDialogue,
  type ReadChrony,
} from "../../src/control/chrony.ts";
import { COMMANDS, decodeCmdmon, encodeCmdmon, fromCmdmonFloat, type CmdmonCommand } from "../../src/control/cmdmon.ts";
import {
  readNtpData,
  readSelectData,
  readServerStats,
  readSource,
  readSourceName,
  readSourceStats,
  readTracking,
} from "../../src/control/cmdmonreply.ts";
import { CmdmonSession } from "../../src/control/cmdmonsession.ts";
import { cmdmonReport } from "../../src/control/daemoncmdmon.ts";
import { after, type Mono } from "../../src/time/mono.ts";
import { peersTable } from "../../src/view/peers.ts";
import { lead, type Daemon } from "./replay.ts";

/** What a chronyd 4.3 answered over UDP and over its socket, in the order of our questions, and what chronyc said then. */
const recorded = JSON.parse(
  readFileSync(fileURLToPath(new URL("../fixtures/cmdmon/chronyd-4.3.json", import.meta.url)), "utf8"),
) as {
  udp: string[];
  socket: string[];
  chronyc: Record<string, string[]>;
};

/** Answers the question of number n with the n-th recorded answer. */
function chronyd(way: "udp" | "socket"): Daemon {
  return (bytes) => {
    const answer = recorded[way][new DataView(bytes.buffer, bytes.byteOffset).getUint32(8) - 1];
    return answer === undefined ? [] : [Buffer.from(answer, "base64")];
  };
}

function read(way: "udp" | "socket"): ReadChrony {
  const chrony = lead(readChrony(), new CmdmonSession(), chronyd(way));
  if (chrony.kind !== "chrony") throw new Error(chrony.fault);
  return chrony;
}

const csv = (command: string): string[][] => recorded.chronyc[command]!.map((line) => line.split(","));
const start = 50 as Mono;

describe("chrony's floats", () => {
  it.each([
    [0x0000_0000, 0],
    [0x0280_0000, 0.5], // 2^1 · 2^23 / 2^25
    [0x0480_0000, 1],
    [0x0700_0000, -4],
    [0xfe80_0000, 0.125],
    [0x80ff_ffff, (2 ** 24 - 1) * 2 ** -89],
  ])("%i is %f", (word, value) => {
    expect(fromCmdmonFloat(word)).toBe(value);
  });

  it("are all finite", () => {
    fc.assert(fc.property(fc.nat(0xffff_ffff), (word) => Number.isFinite(fromCmdmonFloat(word))));
  });
});

describe("a request", () => {
  it.each(Object.keys(COMMANDS) as CmdmonCommand[])("%s is as long as its longest reply", (command) => {
    const bytes = encodeCmdmon({ command, index: 3, address: "192.0.2.7" }, 0x0102_0304, 2)!;
    expect(bytes.length).toBe(28 + COMMANDS[command].replyLength);
    expect([...bytes.subarray(0, 12)]).toEqual([6, 1, 0, 0, 0, COMMANDS[command].code, 0, 2, 1, 2, 3, 4]);
  });

  it("names a source by number, by address, or by identifier while it has none", () => {
    expect([...encodeCmdmon({ command: "source", index: 258 }, 1, 0)!.subarray(20, 24)]).toEqual([0, 0, 1, 2]);
    expect([...encodeCmdmon({ command: "ntpData", address: "192.0.2.7" }, 1, 0)!.subarray(20, 40)]).toEqual([
      192,
      0,
      2,
      7,
      ...Array<number>(12).fill(0),
      0,
      1,
      0,
      0,
    ]);
    expect([...encodeCmdmon({ command: "ntpData", address: "2001:db8::7" }, 1, 0)!.subarray(20, 40)]).toEqual([
      0x20,
      1,
      0xd,
      0xb8,
      ...Array<number>(11).fill(0),
      7,
      0,
      2,
      0,
      0,
    ]);
    expect([...encodeCmdmon({ command: "sourceName", address: "ID#0000000009" }, 1, 0)!.subarray(20, 40)]).toEqual([
      0,
      0,
      0,
      9,
      ...Array<number>(12).fill(0),
      0,
      3,
      0,
      0,
    ]);
    expect(encodeCmdmon({ command: "ntpData", address: "ntp.example.net" }, 1, 0)).toBeNull();
  });
});

describe("what chronyd told", () => {
  it("is what chronyc tracking said", () => {
    const { tracking } = read("socket");
    const [, address, stratum, , system, last, rms, frequency, residual, skew, delay] = csv("tracking")[0]!;
    expect(tracking).toMatchObject({ address, stratum: Number(stratum), leap: "none" });
    // chronyc counts a slow clock's correction as positive, as we do; a clock that is ahead at the last update, and a fast one, as positive, as we do not.
    expect(tracking.correction).toBeCloseTo(Number(system), 6);
    expect(tracking.lastOffset).toBeCloseTo(-Number(last), 9);
    expect(tracking.rmsOffset).toBeCloseTo(Number(rms), 9);
    expect(tracking.frequency * 1e6).toBeCloseTo(-Number(frequency), 2);
    expect(tracking.residualFrequency * 1e6).toBeCloseTo(-Number(residual), 2);
    expect(tracking.skew * 1e6).toBeCloseTo(Number(skew), 2);
    expect(tracking.rootDelay).toBeCloseTo(Number(delay), 9);
    expect(new Date(Number(tracking.reference! / 1_000_000n)).getUTCFullYear()).toBe(2026);
  });

  it("is what chronyc sources said, with offsets as server − local", () => {
    const { sources } = read("socket");
    const said = csv("sources -a");
    expect(sources.map(({ source }) => source.address ?? "GPS")).toEqual(said.map(([, , name]) => name));
    const marks = { selected: "*", combined: "+", selectable: "-", falseticker: "x", jittery: "~", unusable: "?" };
    expect(sources.map(({ source }) => marks[source.state])).toEqual(said.map(([, mark]) => mark));
    expect(sources.map(({ source }) => [source.stratum, source.poll, source.reach.toString(8)])).toEqual(
      said.map(([, , , stratum, poll, reach]) => [Number(stratum), Number(poll), reach]),
    );
    const liar = sources.find(({ source }) => source.address === "127.0.0.4")!;
    // Its clock is 250 ms ahead of ours.
    expect(liar.source.offset).toBeCloseTo(0.25, 4);
    expect(liar.ntp!.offset).toBeCloseTo(0.25, 4);
    expect(liar.stats!.offset).toBeCloseTo(0.25, 4);
    expect(liar.select).toMatchObject({ state: "x", leap: "none" });
    expect(liar.select!.low).toBeLessThan(liar.select!.high);
    expect((liar.select!.low + liar.select!.high) / 2).toBeCloseTo(0.25, 4);
  });

  it("has names, keys, options and counters where chronyd tells them", () => {
    const { sources, activity, withheld } = read("socket");
    expect(withheld).toBe(false);
    expect(activity).toEqual({ online: 3, offline: 1, burstOnline: 0, burstOffline: 0, unresolved: 1 });
    expect(sources.map(({ name }) => name)).toEqual([
      null,
      "127.0.0.2",
      "127.0.0.3",
      "127.0.0.4",
      "no.such.name.invalid",
      "127.0.0.5",
    ]);
    expect(sources[5]).toMatchObject({
      auth: { mode: "key", keyId: 7 },
      select: { state: "N", options: ["noselect"], authenticated: true },
    });
    expect(sources[1]!.ntp).toMatchObject({
      address: "127.0.0.2",
      localAddress: "127.0.0.1",
      port: 123,
      version: 4,
      mode: "server",
      stratum: 3,
      tests: 0x3ff,
      transmitStamps: "K",
      interleaved: false,
    });
  });

  it("is less over UDP, and says so", () => {
    const { sources, withheld } = read("udp");
    expect(withheld).toBe(true);
    expect(sources.map(({ select, ntp, auth }) => [select, ntp, auth])).toEqual(sources.map(() => [null, null, null]));
    expect(sources.map(({ name }) => name)[4]).toBe("no.such.name.invalid");
    const last =
      (way: "udp" | "socket"): Daemon =>
      () => [withSequence(recorded[way].at(-1)!, 1)];
    expect(lead(readChronyServerStats(), new CmdmonSession(), last("udp"))).toEqual({
      kind: "fault",
      fault: "socketOnly",
    });
    expect(lead(readChronyServerStats(), new CmdmonSession(), last("socket"))).toMatchObject({
      kind: "read",
      fields: { ntpReceived: 0, kernelReceiveStamps: null },
    });
  });

  it("becomes the common report", () => {
    const report = cmdmonReport("127.0.0.1", read("socket"));
    expect(report).toMatchObject({
      protocol: "cmdmon",
      daemon: "chronyd",
      system: {
        leap: "none",
        stratum: 4,
        refid: "127.0.0.2",
        systemPeer: 2,
        survivors: 2,
        truechimers: 2,
        falsetickers: 1,
      },
    });
    expect(
      report.associations.map(({ name, tally, reason, type, security }) => [name, tally, reason, type, security]),
    ).toEqual([
      ["GPS", " ", "noselect", "l", "none"],
      ["127.0.0.2", "*", null, "u", "none"],
      ["127.0.0.3", "+", null, "u", "none"],
      ["127.0.0.4", "x", "outsideIntersection", "u", "none"],
      ["no.such.name.invalid", " ", "unresolved", "u", "none"],
      ["127.0.0.5", " ", "noselect", "u", "key"],
    ]);
    expect(
      peersTable(report)
        .split("\n")
        .slice(2, 8)
        .map((line) => line.slice(0, 36)),
    ).toEqual(
      [
        " GPS             .GPS.           16 ",
        "*127.0.0.2       127.127.1.1      3 ",
        "+127.0.0.3       127.127.1.1      4 ",
        "x127.0.0.4       127.127.1.1      5 ",
        " no.such.name.in -               16 ",
        " 127.0.0.5       -               16 ",
      ].map((line) => line.replace("127.127.1.1 ", "LOCAL(1)    ")),
    );
  });
});

function withSequence(answer: string, sequence: number): Uint8Array {
  const bytes = Buffer.from(answer, "base64");
  bytes.writeUInt32BE(sequence, 16);
  return bytes;
}

describe("a conversation with chronyd", () => {
  it("repeats questions with growing patience, then gives up", () => {
    const session = new CmdmonSession({ timeout: 1, retries: 2 });
    session.ask([{ command: "tracking" }], start);
    const attempts = [0, 1, 3].map((seconds) => session.poll(after(start, seconds)));
    expect(attempts.map(([bytes]) => bytes![7])).toEqual([0, 1, 2]);
    expect(session.poll(after(start, 6.9))).toEqual([]);
    session.poll(after(start, 7));
    expect(session.answers).toEqual([{ kind: "failed", fault: "timeout" }]);
  });

  it("takes only the reply to its question", () => {
    const session = new CmdmonSession({ firstSequence: 9 });
    session.ask([{ command: "tracking" }], start);
    session.poll(start);
    const right = withSequence(recorded.udp[0]!, 9);
    for (const wrong of [withSequence(recorded.udp[0]!, 8), withSequence(recorded.udp[1]!, 9), right.subarray(0, 20)])
      session.receive(wrong);
    expect(session.answers).toBeNull();
    session.receive(right);
    expect(session.answers).toMatchObject([{ kind: "answer" }]);
  });

  it("that does not go on is a fault, not an exception", () => {
    const garbled: Daemon = (bytes) => [
      withSequence(
        Buffer.from([6, 2, 0, 0, bytes[4]!, bytes[5]!, 0, 99, ...new Uint8Array(24)]).toString("base64"),
        new DataView(bytes.buffer).getUint32(8),
      ),
    ];
    const dialogues: ChronyDialogue<unknown>[] = [
      readChrony(),
      readChronyTracking(),
      readChronySources(),
      readChronyActivity(),
    ];
    for (const dialogue of dialogues)
      expect(lead(dialogue, new CmdmonSession(), garbled)).toEqual({ kind: "fault", fault: "garbled" });
    expect(lead(readChrony(), new CmdmonSession(), () => [])).toEqual({ kind: "fault", fault: "timeout" });
  });

  it("is not harmed by any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 0, max: 27 }), (data, form) => {
        const reply = decodeCmdmon(Uint8Array.from([6, 2, 0, 0, 0, 33, 0, form, ...new Uint8Array(20), ...data]))!;
        for (const reader of [
          readTracking,
          readSource,
          readSourceStats,
          readSelectData,
          readNtpData,
          readServerStats,
          readSourceName,
        ])
          reader(reply);
        decodeCmdmon(data);
      }),
    );
  });
});
