/** `check`, `wait` and `watch`, against servers and daemons on loopback. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { placeOf } from "../../src/cli/asking.ts";
import { askDaemon } from "../../src/host/ask.ts";
import { runWait, type Here } from "../../src/cli/wait.ts";
import type { KernelStatus } from "../../src/host/kernel.ts";
import { isLinkLocal, isLoopback } from "../../src/wire/address.ts";
import { refidOfAddress } from "../../src/wire/refid.ts";
import { ownAddresses } from "../../src/host/interfaces.ts";
import { checkSchema, waitSchema } from "../../src/view/daemon-schema.ts";
import { runSchema } from "../../src/view/schema.ts";
import { exchanges, recordedDaemon, type Daemon } from "../control/replay.ts";
import { listening, mode6Only, ntpOnly, observation, observed, observedText, silence } from "../support/asked.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";
import { tellingDaemon } from "../support/told.ts";

afterEach(silence);

const server = (ahead = 0): Promise<string> => listening(ntpOnly({ stratum: 2, refid: 0x0a00_0001, ahead }));
/** An ntpd that has nothing but its own clock, driver 127.127.1.0. */
const alone = (): Daemon =>
  mode6Only(recordedDaemon([...exchanges("h1-ntpq-pn"), ...exchanges("h3-ntpq-rv").slice(0, 1)]));
/** The same with a server in its place, in as many octets. */
const followed = (): Daemon => {
  const own = alone();
  const named = (bytes: Uint8Array): Uint8Array =>
    Buffer.from(
      Buffer.from(bytes).toString("latin1").replaceAll("127.127.1.0", "192.0.2.111").replaceAll("LOCAL(0)", "10.0.0.9"),
      "latin1",
    );
  return (bytes) => own(bytes).map(named);
};
const daemon = (): Promise<string> => listening(followed());
const QUICK = ["--timeout", "200ms"];

describe("check", () => {
  it("has its deadline from its start on, whatever it read before it asked, as the daemon's asker has", async () => {
    const mute = await listening(() => []);
    const patient = ["--timeout", "100s", "--deadline", "200s"];
    for (const words of [["check"], ["query"], ["trace"], ["check", "--daemon"]]) {
      const [command = "", ...option] = words;
      const argv = [command, ...patient, "--json", ...option, mute];
      const began = performance.now();
      const { code, out, err } = await ntpkit(argv, { spent: 199.95 });
      // Not by waiting for what would take a hundred seconds.
      expect([words, performance.now() - began < 50_000]).toEqual([words, true]);
      expect([words, code]).toEqual([words, words[0] === "check" ? 2 : 17]);
      expect(out + err).toMatch(/the deadline( of 200\.0 s)? passed/);
    }
  });

  it("says what check_ntp_time says", async () => {
    const { code, out } = await ntpkit(["check", ...QUICK, await server()]);
    expect(code).toBe(0);
    expect(out).toMatch(/^NTP OK: Offset -?[\d.e-]+ secs\|offset=-?0\.\d{6}s;60\.000000;120\.000000;\n$/);
  });

  it.each([
    [["-w", "1", "-c", "10"], 1, "WARNING"],
    [["-w", "1", "-c", "4s"], 2, "CRITICAL"],
    [["-w", "-10:0", "-c", "10"], 1, "WARNING"],
    [["-w", "@1:9", "-c", "10"], 1, "WARNING"],
    [["--stratum", "1,5"], 1, "WARNING"],
    [["--truechimers", "2:,1:"], 1, "WARNING"],
    [["--rootdistance", "2", "--jitter", "1,2"], 0, "OK"],
  ] as const)("with %j of a server 5 s ahead ends with %i", async (argv, code, word) => {
    const ran = await ntpkit(["check", ...QUICK, ...argv, await server(5)]);
    expect([
      ran.code,
      ran.out.startsWith(`NTP ${word}: Offset 5.0`) || ran.out.startsWith(`NTP ${word}: Offset 4.9`),
    ]).toEqual([code, true]);
  });

  it("is critical where nobody answers, and unknown where nobody can be asked", async () => {
    expect(await ntpkit(["check", "--timeout", "50ms", await listening(() => [])])).toMatchObject({
      code: 2,
      out: "NTP CRITICAL: No response from NTP server\n",
    });
    expect(await ntpkit(["check", "a:0"])).toMatchObject({ code: 3, out: expect.stringMatching(/^NTP UNKNOWN: /) });
    for (const argv of [
      ["-w", "wide"],
      ["--no-such-option"],
      ["--config", "/nonexistent", "--textfile", "/nonexistent/x"],
    ])
      expect(await ntpkit(["check", ...argv])).toMatchObject({
        code: 3,
        out: expect.stringMatching(/^NTP UNKNOWN: .+\n$/),
      });
    expect(await ntpkit(["check", "--daemon", "localhost", "a"])).toMatchObject({ code: 3 });
  });

  it("says of a server that it may not ask any more what it said, and how to ask all the same", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ntpkit-checking-"));
    const kiss = { ip: "127.0.0.1", port: 9, code: "DENY", at: new Date().toISOString() };
    writeFileSync(join(folder, "state.json"), JSON.stringify({ format: "ntpkit/state", version: 1, kisses: [kiss] }));
    vi.stubEnv("STATE_DIRECTORY", folder);
    const { code, out } = await ntpkit(["check", ...QUICK, "127.0.0.1:9"]);
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
    expect([code, out]).toEqual([2, expect.stringMatching(/^NTP CRITICAL: .*DENY.*was not asked now.*--forget.*\n$/)]);
  });

  it("says why nobody answered, where this host would not even ask", async () => {
    const { code, out } = await ntpkit(["check", ...QUICK, "fe80::1", await listening(() => [])]);
    expect([code, out]).toEqual([
      2,
      "NTP CRITICAL: No response from NTP server, fe80::1: it did not answer: a link-local address needs its interface, as in fe80::1%INTERFACE\n",
    ]);
    // The plugin says no more than that.
    expect(await ntpkit(["check", "--compat", "check_ntp_time", ...QUICK, "fe80::1"])).toEqual({
      code: 2,
      out: "NTP CRITICAL: No response from NTP server\n",
      err: "",
    });
  });

  it.each([["trace"], ["peers"], ["readvar"], ["wait", "--timeout", "200ms", "--daemon"], ["check", "--daemon"]])(
    "says that an address has no interface, as %s does, and blames nobody there",
    async (...words) => {
      const { code, out, err } = await ntpkit([...words, "fe80::1"]);
      expect([0, 3, 64].includes(code)).toBe(false);
      expect(out + err).toContain("fe80::1: a link-local address needs its interface, as in fe80::1%INTERFACE");
      expect(out + err).not.toMatch(/nothing answers|blocked|waits longer/);
    },
  );

  it("names the limit that a synchronized clock does not keep", async () => {
    const { code, err } = await ntpkit(["wait", "--timeout", "300ms", "--distance", "1ms", "--daemon", await daemon()]);
    expect([code, err]).toEqual([
      17,
      expect.stringContaining("; the error may be 1.00 ms (--distance); --timeout waits"),
    ]);
    const both = ["--offset", "1ns", "--distance", "1ms"];
    const untold = await listening(
      tellingDaemon({
        system: "leap=0, stratum=2, refid=192.0.2.1, rootdelay=9.0, rootdisp=0.075, offset=3.000, peer=1",
      }),
    );
    expect((await ntpkit(["wait", "--timeout", "300ms", ...both, "--daemon", untold])).err).toMatch(
      /; the offset may be 1 ns \(--offset\), the error may be 1\.00 ms \(--distance\);/,
    );
  });

  it("asks a daemon what it thinks", async () => {
    const { code, out } = await ntpkit([
      "check",
      "--daemon",
      await daemon(),
      "--stratum",
      "2,5",
      "--truechimers",
      "1:",
    ]);
    expect([code, out]).toEqual([
      1,
      "NTP WARNING: Offset 0 secs, stratum=3, truechimers=1, 10.1.0.99: it did not answer, 10.1.0.12: it did not answer|offset=0.000000s;60.000000;120.000000; stratum=3;2;5;0 truechimers=1;1:;;0 falsetickers=0;;;0\n",
    ]);
    expect((await ntpkit(["check", "--daemon", await listening(() => []), "--timeout", "50ms"])).code).toBe(2);
  });

  it("tells the counts where nobody agrees, too, and what is demanded of them", async () => {
    const argv = ["check", ...QUICK, await server(), await server(5)];
    const { code, out } = await ntpkit(argv);
    expect(code).toBe(2);
    expect(out).toMatch(/^NTP CRITICAL: [^|]+\|truechimers=0;;;0 falsetickers=[02];;;0\n$/);
    expect((await ntpkit([...argv, "--truechimers", "2:,1:"])).out).toMatch(/\|truechimers=0;2:;1:;0 /);
  });

  it.each(["check", "watch", "now"])("that %s names no server is told in its own words", async (command) => {
    const { out, err } = await ntpkit([command, "--config", "/dev/null"]);
    expect(out + err).toContain(`ntpkit ${command} ntp.example.net`);
  });

  it("is never silent about a liar or a dead server among the good, though it does not fail for them", async () => {
    const good = [await server(), await server(), await server()];
    const liar = await server(5);
    const dead = await listening(() => []);
    const argv = ["check", ...QUICK, ...good, liar, dead];
    const { code, out } = await ntpkit(argv);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^NTP OK: Offset -?[\d.e-]+ secs, [\d.:]+: its time disagrees with the majority: its offset is \+[45]\.\d+ s, [^|]*, [\d.:]+: it did not answer: \d requests sent\|offset=[^ ]* truechimers=3;;;0 falsetickers=1;;;0\n$/,
    );
    expect(out).toContain(`, ${liar}: its time`);
    expect(out).toContain(`, ${dead}: it did not`);
    expect((await ntpkit([...argv, "--falsetickers", "0,3"])).out).toMatch(
      /^NTP WARNING: Offset .* secs, falsetickers=1, /,
    );
    expect((await ntpkit([...argv, "--falsetickers", "0,0"])).code).toBe(2);
    expect((await ntpkit([...argv, "--truechimers", "4:,1:"])).code).toBe(1);
    const document = JSON.parse((await ntpkit([...argv, "--json"])).out) as { remarks: { status: string }[] };
    expect(violations(document, checkSchema())).toEqual([]);
    expect(document.remarks.map(({ status }) => status)).toEqual(["OK", "OK"]);
    expect((await ntpkit(["check", ...QUICK, ...good])).out).toMatch(
      /^NTP OK: Offset -?[\d.e-]+ secs\|offset=[^ ]* truechimers=3;;;0 falsetickers=0;;;0\n$/,
    );
  });

  const [own] = ownAddresses().filter((ip) => !isLoopback(ip) && !isLinkLocal(ip));
  it.skipIf(own === undefined)("measures a server that follows this host, though it would not follow it", async () => {
    const refid = refidOfAddress(own!, (octets) => createHash("md5").update(octets).digest())!;
    const follower = await listening(ntpOnly({ stratum: 3, refid, ahead: 0.5 }));
    const { code, out } = await ntpkit(["check", ...QUICK, "--rootdistance", "10", follower]);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(
        /^NTP OK: Offset 0\.\d+ secs, rootdistance=[\d.]+, [\d.:]+: it is synchronized to this host \(loop\): refid [^|]+\|offset=0\.\d+s;.* rootdistance=0\.\d+s;/,
      ),
    ]);
    const [offset, distance] = ["offset", "rootdistance"].map((name) =>
      Number(new RegExp(`${name}=([\\d.]+)s`).exec(out)![1]),
    );
    // However loaded the machine is, the truth lies within the root distance; the server's clock counts milliseconds.
    expect(Math.abs(offset! - 0.5)).toBeLessThanOrEqual(distance! + 0.001);
    expect((await ntpkit(["check", ...QUICK, "-c", "100ms", follower])).code).toBe(2);
    expect((await ntpkit(["check", ...QUICK, "--stratum", "2,9", follower])).out).toMatch(/^NTP WARNING: .*stratum=3/);
  });

  it("has documents that fit the schema", async () => {
    for (const argv of [
      [await server()],
      ["--daemon", await daemon()],
      ["-c", "1ms", await server(5)],
      ["-w", "wide"],
      ["a:0"],
    ]) {
      const { code, out } = await ntpkit(["check", "--json", ...QUICK, ...argv]);
      const document = JSON.parse(out);
      expect([argv, document.exitCode, violations(document, checkSchema())]).toEqual([argv, code, []]);
    }
  });
});

describe("wait", () => {
  const kernel = (status: Partial<KernelStatus>) => (): KernelStatus => ({
    synchronized: true,
    offset: 0.001,
    maximumError: 0.01,
    estimatedError: 0.001,
    ...status,
  });
  const io = {
    out: { write: () => {}, isTerminal: false, columns: null },
    err: { write: () => {}, isTerminal: false, columns: null },
    env: {},
    onStop: () => () => {},
  };
  /** A machine on which no daemon answers. */
  const here = async (kernel: () => KernelStatus | null): Promise<Here> => ({
    place: placeOf(await listening(() => [])),
    kernel,
  });
  const nowhere = async (): Promise<{ color: boolean; timeout: number; interval: number }> => ({
    color: false,
    timeout: 1,
    interval: 0.05,
  });

  it("ends when the daemon says so", async () => {
    const { code, out } = await ntpkit(["wait", "--json", "--timeout", "2s", "--daemon", await daemon()]);
    expect([code, violations(JSON.parse(out), waitSchema())]).toEqual([0, []]);
    expect(JSON.parse(out)).toMatchObject({ source: "daemon", synchronized: true, offset: 0 });
  });

  it("does not believe a daemon that has nothing but its own clock", async () => {
    const own = await listening(alone());
    const waited = await ntpkit(["wait", "--json", "--timeout", "300ms", "--daemon", own]);
    expect([waited.code, violations(JSON.parse(waited.out), waitSchema())]).toEqual([17, []]);
    expect(JSON.parse(waited.out)).toMatchObject({ synchronized: false, offset: null, via: own });
    expect(await ntpkit(["check", "--daemon", own])).toMatchObject({
      code: 2,
      out: expect.stringMatching(/^NTP CRITICAL: Server not synchronized/),
    });
    for (const refid of ["LOCL", "127.127.1.1", "LOCAL(1)", "LOOP", "127.0.0.1"]) {
      const system = `leap=0, stratum=5, refid=${refid}, rootdelay=0.000, rootdisp=0.075, offset=0.000, peer=0`;
      const at = await listening(tellingDaemon({ system }));
      expect([refid, (await ntpkit(["check", "--daemon", at])).code]).toEqual([refid, 2]);
    }
  });

  it.runIf(process.getuid?.() === 0)(
    "asks the address that is named before any socket, and says which it was",
    async () => {
      const path = await observed([observation(observedText("1.9"))]);
      const ask = async (ip: string): Promise<unknown> => {
        const asked = await askDaemon(
          { host: ip, name: ip, port: null },
          {
            timeout: 0.2,
            family: null,
            key: null,
            signal: new AbortController().signal,
            socket: null,
            observation: path,
          },
        );
        return "via" in asked ? asked.via : asked;
      };
      const socket = createSocket("udp4");
      const answers = followed();
      // Later than the socket's answer.
      socket.on("message", (bytes, { address, port }) =>
        setTimeout(() => answers(bytes).forEach((answer) => socket.send(answer, port, address)), 20),
      );
      await new Promise<void>((done) => void socket.bind(123, "127.77.12.3", done));
      try {
        expect(await ask("127.77.12.3")).toBe("127.77.12.3:123");
        expect(await ask("127.77.12.4")).toBe(path);
      } finally {
        socket.close();
      }
    },
  );

  it("ends with 17 when it is not right enough, 69 when nobody can tell", async () => {
    const late = await ntpkit([
      "wait",
      "--json",
      "--timeout",
      "300ms",
      "--distance",
      "1ms",
      "--daemon",
      await daemon(),
    ]);
    expect([late.code, violations(JSON.parse(late.out), waitSchema())]).toEqual([17, []]);
    expect(JSON.parse(late.out)).toMatchObject({
      ok: false,
      error: { code: "deadline" },
      maximumError: expect.any(Number),
    });
    expect((await ntpkit(["wait", "--timeout", "300ms", "--daemon", await listening(() => [])])).code).toBe(69);
  });

  it("says that a daemon is not synchronized, and nothing of what it began with", async () => {
    const began = await listening(
      tellingDaemon({
        status: 0xc016,
        system: 'leap=3, stratum=16, rootdelay=0.000, rootdisp=0.075, offset=0.000, peer=0, version="ntpd 4.2.8"',
      }),
    );
    const { code, out, err } = await ntpkit([
      "wait",
      "--json",
      "--timeout",
      "300ms",
      "--interval",
      "50ms",
      "--daemon",
      began,
    ]);
    expect([code, violations(JSON.parse(out), waitSchema())]).toEqual([17, []]);
    expect(JSON.parse(out)).toMatchObject({ synchronized: false, offset: null, maximumError: null });
    expect(err).toContain("not yet: ntpd 4.2.8 says: not synchronized; ");
  });

  it("ends at once with 11 where the daemon's host has no address, since that is a mistake", async () => {
    const { code, out, err } = await ntpkit(["wait", "--json", "--timeout", "1m", "--daemon", "nosuch.invalid"]);
    expect([code, violations(JSON.parse(out), waitSchema())]).toEqual([11, []]);
    expect(err).toMatch(/^ntpkit wait: nosuch\.invalid: /);
  });

  it("goes by the kernel where no daemon answers here", async () => {
    const options = await nowhere();
    expect(await runWait(options, io, await here(kernel({})))).toBe(0);
    expect(await runWait({ ...options, offset: 0.0001 }, io, await here(kernel({})))).toBe(17);
    let looks = 0;
    expect(
      await runWait({ ...options, timeout: 5 }, io, await here(() => kernel({ synchronized: (looks += 1) > 2 })())),
    ).toBe(0);
    expect(await runWait(options, io, await here(() => null))).toBe(69);
  });
});

describe("watch", () => {
  it("prints lines where there is no terminal", async () => {
    const { code, out } = await ntpkit(["watch", "--every", "300ms", "--count", "2", ...QUICK, await server(5)]);
    expect(code).toBe(0);
    expect(out.trim().split("\n")).toHaveLength(2);
    expect(out).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \* 127\.0\.0\.1:\d+ offset \+[45]\.\d+ s ± .* delay .* reach \d+$/m,
    );
  });

  it("ends as query would after disagreement, kisses and silence", async () => {
    // RATE, which is not remembered.
    const kiss = ntpOnly({ stratum: 0, refid: 0x52415445 });
    const limiting = (): Promise<string> =>
      listening((bytes) => kiss(bytes).map((answer) => Uint8Array.from([0xe4, ...answer.subarray(1)])));
    const silent = (): Promise<string> => listening(() => []);
    const ended = async (...servers: readonly string[]): Promise<number> =>
      (await ntpkit(["watch", "--every", "1s", "--count", "1", ...QUICK, ...servers])).code;
    expect(await ended(await server(), await server(5))).toBe(12);
    expect(await ended(await limiting(), await silent())).toBe(16);
    expect(await ended(await silent())).toBe(10);
    expect(await ended("nonexistent.invalid")).toBe(11);
  });

  it("draws on a terminal", async () => {
    const { out } = await ntpkit(
      ["watch", "--every", "300ms", "--count", "3", "--no-color", ...QUICK, await server(5)],
      { columns: 80, env: { TERM: "xterm" } },
    );
    const last = out.split("\u001b[H").at(-1)!;
    expect(last).toContain("local clock is");
    expect(last).toMatch(/│.*1/);
  });

  it("names what has no address, in lines and on a terminal, says when it was, and keeps to the height", async () => {
    const argv = ["watch", "--every", "500ms", "--count", "4", "--no-color", ...QUICK, "name.invalid", await server(5)];
    const { code, out } = await ntpkit(argv);
    expect(code).toBe(0);
    expect(out).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ   name\.invalid: [a-z ,]+$/m);
    const drawn = await ntpkit(argv, { columns: 80, rows: 16, env: { TERM: "xterm" } });
    const last = drawn.out.split("\u001b[H").at(-1)!.split("\n");
    expect(last.length).toBeLessThan(16);
    expect(last.join("\n")).toMatch(/name\.invalid: [^]* \d\d:\d\d:\d\d[^]*Ctrl-C ends/);
  });

  it("has documents that fit the schema, and ends as a signal says", async () => {
    const { out } = await ntpkit(["watch", "--json", "--every", "300ms", "--count", "1", ...QUICK, await server()]);
    expect(violations(JSON.parse(out), runSchema("watch"))).toEqual([]);
    expect((await ntpkit(["watch", await server()], { signal: "SIGINT" })).code).toBe(130);
  });
});

describe("figures for a monitoring system", () => {
  it("go to standard output, or at once into a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ntpkit-metrics-"));
    const file = join(folder, "ntp.prom");
    for (const argv of [
      ["query", ...QUICK, await server()],
      ["check", ...QUICK, await server()],
      ["peers", await daemon()],
    ]) {
      const printed = await ntpkit([...argv, "--format", "openmetrics"]);
      expect([argv, printed.code, printed.err]).toEqual([argv, 0, ""]);
      expect(printed.out).toMatch(/^# TYPE ntpkit_[^]*\n# EOF\n$/);
      const written = await ntpkit([...argv, "--textfile", file]);
      expect([argv, written]).toEqual([argv, { code: 0, out: "", err: "" }]);
      expect(readFileSync(file, "utf8")).toMatch(/^# TYPE ntpkit_(?![^]*# EOF)/);
    }
    expect(readdirSync(folder)).toEqual(["ntp.prom"]);
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(await ntpkit(["query", ...QUICK, "--textfile", pipe, await server()])).toMatchObject({
      code: 14,
      err: expect.stringContaining("it is not a regular file"),
    });
    expect(statSync(pipe).isFIFO()).toBe(true);
    expect(await ntpkit(["query", ...QUICK, "--textfile", join(folder, "no", "file"), await server()])).toMatchObject({
      code: 14,
      err: expect.stringContaining("cannot write"),
    });
    rmSync(folder, { recursive: true });
  });
});
