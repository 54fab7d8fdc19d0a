/** ntpd-rs's observation message: what is read of it, and the report that is made of that. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OBSERVATION_LIMIT, readObservation, type Observation } from "../../src/control/observe.ts";
import { observationReport } from "../../src/control/daemonobserve.ts";
import type { DaemonReport } from "../../src/control/daemon.ts";
import { reselect } from "../../src/control/reselect.ts";
import { peersTable } from "../../src/view/peers.ts";
import { observation, observedText } from "../support/asked.ts";

const NOW = 0xeeac_80c1 + 100;

function reported(text: string): DaemonReport {
  const read = readObservation(observation(text));
  if (read === null || read.kind === "fault") throw new Error(`not read: ${read?.fault}`);
  return observationReport("localhost", read, NOW);
}

describe("the observation message of ntpd-rs", () => {
  it("is read when all of it has come, and not before", () => {
    const bytes = observation(observedText("1.9"));
    for (const length of [0, 7, 8, 100, bytes.length - 1])
      expect(readObservation(bytes.subarray(0, length))).toBeNull();
    expect(readObservation(bytes)).toMatchObject({ kind: "observation", version: "1.9.0", sources: { length: 6 } });
  });

  it("has a root dispersion that grows", () => {
    const { system } = readObservation(observation(observedText("1.9"))) as Observation;
    expect(system.rootDispersion).toBeCloseTo(Math.sqrt(1e-6 + 1e-12 * 16), 12);
  });

  it.each([
    ["garbled", observation("{")],
    ["garbled", observation("[]")],
    ["garbled", observation('{"system": 5, "sources": []}')],
    ["garbled", observation('{"system": {}, "sources": {}}')],
    ["garbled", new Uint8Array(8)],
    ["tooMuch", Uint8Array.of(0, 0, 0, 0, 0, 0x10, 0, 1)],
    ["tooMuch", new Uint8Array(9).fill(0xff)],
  ] as const)("is %s where it is another thing", (fault, bytes) => {
    expect(readObservation(bytes)).toEqual({ kind: "fault", fault });
    expect(OBSERVATION_LIMIT).toBe(0x10_0000);
  });

  it("never throws, and its report neither", () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({
        program: fc.jsonValue(),
        system: fc.dictionary(
          fc.constantFrom("stratum", "reference_id", "precision", "leap_indicator"),
          fc.jsonValue(),
        ),
        sources: fc.array(
          fc.record({
            address: fc.string(),
            name: fc.jsonValue(),
            offset: fc.double(),
            uncertainty: fc.double(),
            poll_interval: fc.jsonValue(),
            unanswered_polls: fc.jsonValue(),
            id: fc.jsonValue(),
          }),
        ),
      }),
    );
    fc.assert(
      fc.property(value, (message) => {
        const read = readObservation(observation(JSON.stringify(message)));
        if (read?.kind === "observation") peersTable(observationReport("localhost", read, NOW));
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void readObservation(bytes)));
  });
});

describe("the report of ntpd-rs", () => {
  const report = reported(observedText("1.9"));

  it("knows whom it follows by the reference id, and says that of the others nothing is told", () => {
    expect(report).toMatchObject({
      protocol: "observe",
      daemon: "ntpd-rs 1.9.0",
      system: {
        leap: "none",
        stratum: 3,
        refid: "192.0.2.7",
        systemPeer: 3,
        offset: 0.000_125,
        rootDistance: expect.closeTo(0.005_105, 6),
        truechimers: null,
        precision: -18,
      },
    });
    expect(report.associations.map(({ name, verdict, reason }) => [name, verdict, reason])).toEqual(
      [
        ["/dev/pps0", "rejected", "untold"],
        ["ntp1.example.net", "systemPeer", null],
        ["ntp3.example.net", "rejected", "untold"],
        ["pool.example", "rejected", "untold"],
        ["pool.example", "rejected", "unreachable"],
        ["203.0.113.5", "rejected", "pending"],
      ].toSorted(([left], [right]) => (left! < right! ? -1 : left! > right! ? 1 : 0)),
    );
    expect(report.associations.find(({ name }) => name === "ntp1.example.net")).toMatchObject({
      address: "192.0.2.7",
      port: 123,
      stratum: 2,
      security: "nts",
      authentication: "ok",
      reach: 0xff,
      when: 5,
      offset: 0.000_125,
    });
    expect(report.associations.filter(({ name }) => name === "pool.example")).toMatchObject([
      { reach: 0xfc, when: 60 },
      { reach: 0, when: null, offset: null, rootDistance: null },
    ]);
  });

  it("is shown in ntpq's columns", () => {
    expect(peersTable(report)).toMatchInlineSnapshot(`
      "     remote           refid      st t when poll reach   delay   offset  jitter
      ==============================================================================
       /dev/pps0       -                - l    1    1  377    0.000   +0.000   0.001
       203.0.113.5     -                - u    -   16  377        -        -       -
      *ntp1.example.ne -                2 u    5   16  377    4.200   +0.125   0.080
       ntp3.example.ne -                - u    9   64  377   12.100   -0.310   0.420
       pool.example    -                - u   60   64  374   31.300   +2.100   0.900
       pool.example    -                - u    -   16    0        -        -       -
      "
    `);
  });

  it("is explained by our own selection, which does not say that the daemon decided otherwise", () => {
    const { rejudged, truechimers } = reselect(report);
    expect(truechimers).toBeGreaterThanOrEqual(3);
    expect(rejudged.filter(({ differs }) => differs).map(({ peer }) => peer.name)).toEqual([]);
  });

  it("is unsynchronized before there is a source, also in the words of an older version", () => {
    expect(reported(observedText("1.3"))).toMatchObject({
      daemon: "ntpd-rs 1.3.0",
      system: { leap: "unsynchronized", stratum: 16, refid: null, systemPeer: null, offset: null },
      associations: [{ reason: "untold", when: 5, tally: " " }],
    });
  });

  it("knows a source by the digest of its IPv6 address", () => {
    const text = observedText("1.9").replace(/"reference_id": \d+/, `"reference_id": 565811905`);
    const { system } = reported(text);
    expect([system.systemPeer, system.refid]).toEqual([null, "33.185.154.193"]);
    const md5 = process
      .getBuiltinModule("node:crypto")
      .createHash("md5")
      .update(Buffer.from("20010db8000000000000000000000007", "hex"))
      .digest()
      .readUInt32BE();
    const followed = reported(observedText("1.9").replace(/"reference_id": \d+/, `"reference_id": ${md5}`));
    expect(followed.associations.find(({ id }) => id === followed.system.systemPeer)?.name).toBe("ntp3.example.net");
  });
});
