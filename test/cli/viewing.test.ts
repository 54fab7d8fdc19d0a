/** `peers`, the questions of mode 6 and `trace`, against daemons on loopback that answer as recorded ones did. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { ownAddresses } from "../../src/host/interfaces.ts";
import { peersSchema, questionSchema, traceSchema } from "../../src/view/daemon-schema.ts";
import { exchanges, recordedDaemon, type Daemon } from "../control/replay.ts";
import { listening, mode6Only, ntpOnly, recordedChronyd, silence } from "../support/asked.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

afterEach(silence);

/** What ntpq 4.2.8p15 printed. */
const printed = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../fixtures/ntpq/${name}.txt`, import.meta.url)), "utf8");

/** How many exchanges of a recording count: later ones answer the same questions again, otherwise. */
const USED: Readonly<Record<string, number>> = { "h2-ntpq-as": 1, "h3-ntpq-rv": 1, "h5-ntpq-mrulist": 2 };

const recorded = (names: readonly string[]): Daemon =>
  mode6Only(recordedDaemon(names.flatMap((name) => exchanges(name).slice(0, USED[name]))));
const daemon = (...names: readonly string[]): Promise<string> => listening(recorded(names));

/** Seconds since the last packet differ from when it was recorded. */
const still = (table: string): string => table.replaceAll(/^([ *].{37}).{4}/gm, "$1when");

describe("peers", () => {
  it("prints what ntpq printed", async () => {
    const { code, out, err } = await ntpkit(["peers", "-n", await daemon("h1-ntpq-pn", "h3-ntpq-rv")]);
    expect([code, err]).toEqual([0, ""]);
    expect(still(out)).toBe(still(printed("h1-peers")));
  });

  it("has a document that fits its schema, with the explanation", async () => {
    const host = await daemon("h1-ntpq-pn", "h3-ntpq-rv");
    const { code, out } = await ntpkit(["peers", "--json", "--explain", host]);
    const document = JSON.parse(out);
    expect([code, violations(document, peersSchema())]).toEqual([0, []]);
    expect(document).toMatchObject({
      schema: "ntpkit/peers/1",
      ok: true,
      hosts: [{ host, protocol: "mode6", system: { stratum: 3 }, associations: [{ verdict: "systemPeer" }, {}, {}] }],
    });
    expect(document.hosts[0].explanation.judgements).toHaveLength(3);
  });

  it("asks several hosts at once, and says who told nothing", async () => {
    const hosts = [
      await daemon("h1-ntpq-pn", "h3-ntpq-rv"),
      await daemon("h1-ntpq-pn", "h3-ntpq-rv"),
      await listening(() => []),
      await listening(ntpOnly({ stratum: 1, refid: 0x47505300 })),
    ];
    const { code, out, err } = await ntpkit(["peers", "-n", "--timeout", "100ms", ...hosts]);
    expect(code).toBe(0);
    expect(out.match(/^server \(local\)/gm)).toHaveLength(2);
    expect(err).toMatch(new RegExp(`^ntpkit peers: ${hosts[2]}: nothing answers there`, "m"));
    expect(err).toMatch(new RegExp(`^ntpkit peers: ${hosts[3]}: NTP is answered there, but no control protocol`, "m"));
  });

  it("ends with 10 where nothing answers, 69 where only NTP is", async () => {
    const silent = await ntpkit(["peers", "--json", "--timeout", "50ms", await listening(() => [])]);
    expect(silent.code).toBe(10);
    expect(violations(JSON.parse(silent.out), peersSchema())).toEqual([]);
    const open = await ntpkit([
      "peers",
      "--json",
      "--timeout",
      "50ms",
      await listening(ntpOnly({ stratum: 2, refid: 1 })),
    ]);
    expect([open.code, JSON.parse(open.out).error.code]).toEqual([69, "unavailable"]);
    expect((await ntpkit(["peers", "127.0.0.1,prefer"])).code).toBe(64);
  });

  it("finds out that it is chronyd, and turns its signs", async () => {
    const { code, out } = await ntpkit(["peers", "--json", await listening(recordedChronyd())]);
    const document = JSON.parse(out);
    expect([code, violations(document, peersSchema())]).toEqual([0, []]);
    expect(document.hosts).toMatchObject([
      {
        protocol: "cmdmon",
        daemon: "chronyd",
        withheld: true,
        system: { stratum: 4, refid: "127.0.0.2", falsetickers: 1 },
      },
    ]);
    const table = await ntpkit(["peers", "-n", await listening(recordedChronyd())]);
    expect(table.out).toMatch(/^\*127\.0\.0\.2 /m);
  });

  it("goes by mode 6 where chronyd answers, too", async () => {
    const [ntpd, chronyd] = [recorded(["h1-ntpq-pn", "h3-ntpq-rv"]), recordedChronyd()];
    const { out } = await ntpkit(["peers", "--json", await listening((bytes) => [...chronyd(bytes), ...ntpd(bytes)])]);
    expect(JSON.parse(out)).toMatchObject({ hosts: [{ protocol: "mode6" }] });
  });

  it("has a wide table for narrow terminals, too", async () => {
    const { out } = await ntpkit(["peers", "-n", "--wide", "--no-color", await daemon("h1-ntpq-pn", "h3-ntpq-rv")], {
      columns: 40,
    });
    const [, heading, ...rows] = out.trimEnd().split("\n");
    expect(heading).toMatch(/^ +server +st +reach +offset$/);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(40);
    expect(rows.join("\n")).toMatch(/█/);
  });

  it("is not led astray by garbage", async () => {
    const answers = [
      new Uint8Array(3),
      new Uint8Array(500).fill(0xff),
      Uint8Array.of(0x16, 0x81, 0, 1, 6, 0x15, 0, 0, 0, 0, 0xff, 0xff),
    ];
    const { code, out } = await ntpkit(["peers", "-n", "--timeout", "50ms", await listening(() => answers)]);
    expect([code, out]).toEqual([10, ""]);
  });

  it("lets no control character through", async () => {
    const hostile: Daemon = (bytes) => {
      const operation = bytes[1]! & 31;
      const data =
        operation === 1
          ? Uint8Array.of(0, 7, 0x96, 0x14)
          : Buffer.from(
              'srcadr=10.0.0.1, srchost="evil\x1b[2J\u202e", refid=\x1b[31m, stratum=2, reach=0xff, offset=1.0, delay=1.0, leap=0',
            );
      const answer = new Uint8Array(12 + Math.ceil(data.length / 4) * 4);
      answer.set(bytes.subarray(0, 12));
      answer[1]! |= 0x80;
      answer.set([0x96, 0x14], 4);
      new DataView(answer.buffer).setUint16(10, data.length);
      answer.set(data, 12);
      return [answer];
    };
    const host = await listening(mode6Only(hostile));
    for (const form of [[], ["--wide"], ["--explain"], ["--json"]]) {
      const { code, out } = await ntpkit(["peers", "-n", host, ...form]);
      expect([form, code]).toEqual([form, 0]);
      // oxlint-disable-next-line no-control-regex -- what must not be there
      expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      expect(out).toContain("evil");
    }
  });

  it("goes on with --watch until a signal", async () => {
    const { code, out } = await ntpkit([
      "peers",
      "-n",
      "--watch",
      "100ms",
      "--deadline",
      "1s",
      "--json",
      await daemon("h1-ntpq-pn", "h3-ntpq-rv"),
    ]);
    expect(code).toBe(0);
    const lines = out.trim().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(violations(JSON.parse(line), peersSchema())).toEqual([]);
    expect(
      (await ntpkit(["peers", "-n", "--watch", "1s", await daemon("h1-ntpq-pn", "h3-ntpq-rv")], { signal: "SIGTERM" }))
        .code,
    ).toBe(143);
  });
});

describe("the questions of mode 6", () => {
  it("print what ntpq printed", async () => {
    expect((await ntpkit(["associations", await daemon("h2-ntpq-as")])).out).toBe(printed("h2-associations"));
    expect((await ntpkit(["mru", "-n", await daemon("h5-ntpq-mrulist")])).out).toBe(printed("h5-mrulist"));
    const host = await daemon("h4-ntpq-sysinfo-kerninfo-etc");
    for (const list of ["kerninfo", "sysstats", "iostats", "timerstats", "authinfo", "monstats"])
      expect((await ntpkit([list, "-n", host])).out).toBe(printed(`h4-${list}`));
    expect((await ntpkit(["pstats", "-n", "--association", "41921", host])).out).toBe(printed("h4-pstats"));
  });

  it("have documents that fit their schemas", async () => {
    const host = await daemon("h4-ntpq-sysinfo-kerninfo-etc", "h2-ntpq-as", "h3-ntpq-rv", "h5-ntpq-mrulist");
    for (const argv of [["associations"], ["readvar"], ["sysinfo"], ["mru"], ["pstats", "--association", "41921"]]) {
      const { code, out } = await ntpkit([...argv, "--json", host]);
      expect([argv, code, violations(JSON.parse(out), questionSchema(argv[0]!))]).toEqual([argv, 0, []]);
    }
    expect(JSON.parse((await ntpkit(["rv", "--json", host])).out)).toMatchObject({
      status: { event: "clock_sync" },
      variables: { stratum: "3", version: expect.stringMatching(/^ntpd/) },
    });
  });

  it("want to know which association pstats is of", async () => {
    expect(await ntpkit(["pstats", "127.0.0.1"])).toMatchObject({
      code: 64,
      err: expect.stringContaining("--association ID"),
    });
  });

  it("say what the control key is for", async () => {
    expect(await ntpkit(["ifstats", await daemon("h2-ntpq-as")])).toMatchObject({
      code: 64,
      err: expect.stringContaining("--keys FILE --key ID"),
    });
  });

  it("end with 10 or 69 where nobody answers", async () => {
    expect((await ntpkit(["readvar", "--timeout", "50ms", await listening(() => [])])).code).toBe(10);
    const { code, out } = await ntpkit([
      "sysinfo",
      "--json",
      "--timeout",
      "50ms",
      await listening(ntpOnly({ stratum: 2, refid: 1 })),
    ]);
    expect([code, violations(JSON.parse(out), questionSchema("sysinfo"))]).toEqual([69, []]);
  });
});

describe("peers", () => {
  it("tells which way it was told, and of an address of this very host that nothing runs here", async () => {
    const host = await listening(recordedChronyd());
    const { hosts } = JSON.parse((await ntpkit(["peers", "--json", "--timeout", "100ms", host])).out);
    expect(hosts).toMatchObject([{ host, via: host }]);
    for (const ip of ["127.0.0.1", "[::1]", ...ownAddresses().filter((one) => /^[\d.]+$/.test(one))]) {
      const { code, err } = await ntpkit(["peers", "--timeout", "20ms", `${ip}:9`]);
      expect([code, err]).toEqual([10, expect.stringMatching(/ here\?\n$/)]);
    }
  });
});

/** A server that says a kiss code instead of the time. */
const kissing = (code: string): Daemon => {
  const answers = ntpOnly({ stratum: 0, refid: Buffer.from(code.padEnd(4, "\0"), "latin1").readUInt32BE() });
  return (bytes) =>
    answers(bytes).map((answer) => {
      answer[0] = 0xe4;
      return answer;
    });
};

describe("trace", () => {
  it.each([
    ["DENY", 16],
    ["RSTR", 16],
    ["RATE", 16],
    ["INIT", 0],
  ])("names the kiss code %s, tells no figure of it, and ends with %i", async (kiss, exit) => {
    const host = await listening(kissing(kiss));
    const { code, out, err } = await ntpkit(["trace", "-n", "--timeout", "100ms", host]);
    expect([code, out]).toEqual([exit, `${host}: stratum 16, offset unknown, synch distance unknown\n`]);
    expect(err).toContain(`${host}: ${kiss}, `);
    const json = await ntpkit(["trace", "--json", "-n", "--timeout", "100ms", host]);
    const document = JSON.parse(json.out);
    expect([json.code, violations(document, traceSchema())]).toEqual([exit, []]);
    expect(document).toMatchObject({ primary: false, hops: [{ kiss, offset: null, distance: null, next: null }] });
    expect(document.end).toContain(kiss);
  });

  it("asks by NTP where mode 6 is not answered, and knows a primary server", async () => {
    const host = await listening(ntpOnly({ stratum: 1, refid: 0x47505300 }));
    const { code, out } = await ntpkit(["trace", "-n", "--timeout", "100ms", host]);
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(`^${host}: stratum 1, offset -?0\\.\\d{6}, synch distance 0\\.000000, refid 'GPS'\n$`),
    );
    const document = JSON.parse((await ntpkit(["trace", "--json", "--timeout", "100ms", host])).out);
    expect(violations(document, traceSchema())).toEqual([]);
    expect(document).toMatchObject({ primary: true, end: null, hops: [{ protocol: "ntp", refid: "GPS", next: null }] });
  });

  it("ends with 10 where nothing answers", async () => {
    expect((await ntpkit(["trace", "--timeout", "50ms", await listening(() => [])])).code).toBe(10);
  });
});
