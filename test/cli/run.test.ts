/** The daemon in this process, over loopback: it serves, follows, logs, and ends as it is told. The clock is never touched. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startServer, type DemoServer } from "../../src/cli/demo/server.ts";
import type { Io, StopSignal } from "../../src/cli/io.ts";
import { run } from "../../src/cli/program.ts";
import { clockReader } from "../../src/host/clock.ts";
import { configSchema, logSchema } from "../../src/view/run-schema.ts";
import { ntpkit } from "../support/command.ts";
import { Manager } from "../support/manager.ts";
import { violations } from "../support/schema.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-run-"));
  process.env["STATE_DIRECTORY"] = folder;
});
afterEach(() => {
  delete process.env["STATE_DIRECTORY"];
  rmSync(folder, { recursive: true });
});

function configuration(...lines: readonly string[]): string {
  const path = join(folder, "ntp.conf");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

interface Line {
  readonly event: string;
  readonly level: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

/** A daemon under way. */
class Running {
  readonly lines: Line[] = [];
  readonly ended: Promise<number>;
  #stop: ((signal: StopSignal) => void) | null = null;
  #waiting: { readonly event: string; readonly count: number; readonly done: (line: Line) => void }[] = [];

  constructor(argv: readonly string[], env: Record<string, string> = {}) {
    const io: Io = {
      out: { write: (text) => this.#take(text), isTerminal: false, columns: null },
      err: { write: () => {}, isTerminal: false, columns: null },
      env,
      onStop: (listener) => {
        this.#stop = listener;
        return () => (this.#stop = null);
      },
    };
    this.ended = run(["run", "--json", "--no-clock", ...argv], io);
  }

  /** The first line of an event, or one after as many before it. */
  heard(event: string, count = 1): Promise<Line> {
    return new Promise((done) => {
      this.#waiting.push({ event, count, done });
      this.#serve();
    });
  }

  async stop(signal: StopSignal = "SIGTERM"): Promise<number> {
    this.#stop?.(signal);
    return await this.ended;
  }

  #take(text: string): void {
    for (const line of text.trim().split("\n")) this.lines.push(JSON.parse(line) as Line);
    this.#serve();
  }

  #serve(): void {
    this.#waiting = this.#waiting.filter(({ event, count, done }) => {
      const line = this.lines.filter((one) => one.event === event)[count - 1];
      if (line !== undefined) done(line);
      return line === undefined;
    });
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server: DemoServer = await startServer({ name: "x", ahead: 0, stratum: 1, refid: "GPS" }, clockReader());
  const { port } = server;
  server.close();
  return port;
}

describe("run --check", () => {
  it("prints the configuration with every default, as its schema has it", async () => {
    const { code, out, err } = await ntpkit([
      "run",
      "--check",
      "-c",
      configuration("server 192.0.2.1 iburst", "driftfile /d", "dscp 46"),
    ]);
    const document = JSON.parse(out);
    expect([code, err]).toEqual([0, expect.stringContaining(`:3:1: "dscp" is left out`)]);
    expect(violations(document, configSchema())).toEqual([]);
    expect(document).toMatchObject({
      driftFile: "/d",
      associations: [
        { name: "192.0.2.1", address: "192.0.2.1", mode: "client", minpoll: 6, maxpoll: 10, iburst: true, key: null },
      ],
      remarks: [{ level: "warning", line: 3 }],
    });
    expect(out.split("\n").length).toBeGreaterThan(10);
  });

  it("remarks on a key file and a leap file that cannot be used whole", async () => {
    writeFileSync(join(folder, "keys"), "5 SHA1 secret\n6 NOSUCH x\n7 NOSUCH y\n", { mode: 0o600 });
    writeFileSync(join(folder, "leaps"), "#$ 3900000000\n#@ 4000000000\n3692217600 37\n#h 0 0 0 0 0\n");
    const remarked = async (...lines: readonly string[]): Promise<unknown> => {
      const { code, out } = await ntpkit(["run", "--check", "-c", configuration(...lines)]);
      expect(code).toBe(0);
      return JSON.parse(out).remarks.map((one: { line: number; column: number; text: string }) => [
        one.line,
        one.column,
        one.text.replace(`${folder}/`, ""),
      ]);
    };
    expect(await remarked(`keys ${folder}/keys`, "trustedkey 5")).toMatchObject([
      [2, 3, expect.stringMatching(/^"NOSUCH" is not an algorithm/)],
      [3, 3, expect.stringMatching(/^"NOSUCH" is not an algorithm/)],
    ]);
    expect(await remarked("server 192.0.2.1", `leapfile ${folder}/none`)).toEqual([
      [2, 10, "leap second list none: no such file or directory"],
    ]);
    expect(await remarked(`leapfile ${folder}/leaps`)).toEqual([
      [1, 10, "leap second list leaps: its hash is not that of its contents"],
    ]);
  });

  it("remarks on folders that are not there, of what is written without making them", async () => {
    const path = configuration(
      `driftfile ${folder}/a/drift`,
      `logfile ${folder}/log`,
      `pidfile ${folder}/b/pid`,
      `statsdir ${folder}/c`,
    );
    const { code, err } = await ntpkit(["run", "--check", "-c", path]);
    expect([code, err.replaceAll(folder, "F")]).toEqual([
      0,
      'ntpkit run: warning: F/ntp.conf:1:11: "driftfile F/a/drift" cannot be written: there is no folder F/a\n',
    ]);
  });

  it("ends with 64 at the place that is wrong", async () => {
    const path = configuration("server a", "sever b");
    const { code, out, err } = await ntpkit(["run", "--check", "--json", "-c", path]);
    expect([code, err]).toEqual([64, `ntpkit run: ${path}:2:1: unknown command "sever"; did you mean "server"?\n`]);
    expect(violations(JSON.parse(out), logSchema())).toEqual([]);
  });

  it("tells all that is wrong, a line each, and in JSON the first", async () => {
    const path = configuration(
      "sever b",
      "server a minpoll x",
      "server a..b",
      "pidfile",
      "restrict 1.2.3 nopeer",
      "tos minclock far",
    );
    const { code, out, err } = await ntpkit(["run", "--check", "--json", "-c", path]);
    expect([code, err.match(/:\d+:\d+: /g)]).toEqual([
      64,
      [":1:1: ", ":2:18: ", ":3:10: ", ":4:1: ", ":5:1: ", ":6:14: "],
    ]);
    expect(violations(JSON.parse(out), logSchema())).toEqual([]);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      error: { message: `${path}:1:1: unknown command "sever" (and 5 more)`, hint: 'did you mean "server"?' },
    });
    expect((await ntpkit(["run", "-c", path])).err.split("\n")).toHaveLength(2);
  });

  it("refuses restrict lines that are about nothing", async () => {
    const { code, err } = await ntpkit(["run", "--check", "-c", configuration("restrict 1.2.3 nopeer")]);
    expect([code, err]).toEqual([64, expect.stringContaining('"restrict 1.2.3" is not about an address')]);
    expect((await ntpkit(["run", "--check", "-c", configuration("restrict example.net nopeer")])).code).toBe(0);
  });

  it("wants a file", async () => {
    expect(await ntpkit(["run", "--check"], { env: { NTPKIT_CONFIG: "" } })).toMatchObject({
      code: existsSync("/etc/ntp.conf") ? 0 : 64,
    });
    expect((await ntpkit(["run", "--print"])).err).toContain("--print needs a file to translate");
    expect((await ntpkit(["run", "--from", "/x"])).err).toContain("add --print");
    for (const name of ["chrony.conf", "ntp.toml", "timesyncd.conf", "ntpd.conf"]) {
      writeFileSync(join(folder, name), "");
      const empty = await ntpkit(["run", "--from", join(folder, name), "--print"]);
      expect(empty.err.match(/it names no server/g)).toHaveLength(1);
    }
  });

  it("translates a file", async () => {
    const path = join(folder, "chrony.conf");
    writeFileSync(path, "server 192.0.2.1 iburst\nrefclock PPS /dev/pps0\n");
    const { code, out, err } = await ntpkit(["run", "--from", path, "--print"]);
    expect([code, out.split("\n")[1]]).toEqual([0, "server 192.0.2.1 iburst"]);
    expect(err).toBe(`ntpkit run: warning: ${path}:2:1: "refclock" is left out: there is nothing like it\n`);
  });
});

describe("run", () => {
  it("serves by its own clock, is followed, and ends with 0 when told to", async () => {
    const port = await freePort();
    const served = new Running([
      "-c",
      configuration("server 127.127.1.0", "fudge 127.127.1.0 stratum 3"),
      "--port",
      `${port}`,
    ]);
    await served.heard("listening");
    const { code, out } = await ntpkit(["query", "--json", `127.0.0.1:${port}`]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ associations: [{ stratum: 4, refid: "LOCAL(0)", verdict: "systemPeer" }] });
    expect(await served.stop()).toBe(0);
    expect(served.lines.map(({ event }) => event)).toEqual(["started", "listening", "stopping", "ended"]);
    for (const line of served.lines) expect(violations(line as never, logSchema())).toEqual([]);
  });

  it("follows a server, writes statistics, and gives metrics", async () => {
    const server = await startServer({ name: "good", ahead: 0.02, stratum: 1, refid: "GPS" }, clockReader());
    const path = configuration(
      `server 127.0.0.1 port ${server.port} iburst minpoll 3`,
      "tos maxdist 16",
      `statsdir ${folder}/stats`,
      "statistics peerstats loopstats",
      "filegen peerstats type none",
    );
    const running = new Running(["-c", path, "--port", `${await freePort()}`, "--metrics", "0"]);
    const { address } = await running.heard("systemPeer");
    expect(address).toEqual({ ip: "127.0.0.1", port: server.port });
    const metrics = await fetched(`http://127.0.0.1:${(await running.heard("metrics"))["port"] as number}/metrics`);
    expect(metrics).toMatch(/^ntpkit_synchronized 1$/m);
    expectAhead(metrics, 0.02);
    expect(metrics.endsWith("# EOF\n")).toBe(true);
    expect(await running.stop("SIGINT")).toBe(0);
    server.close();
    const [line = ""] = readFileSync(join(folder, "stats", "peerstats"), "utf8").split("\n");
    expect(line).toMatch(/^\d{5} \d+\.\d{3} 127\.0\.0\.1 [0-9a-f]{4} -?\d\.\d{9} \d\.\d{9} \d+\.\d{9} \d\.\d{9}$/);
    const [offset = NaN, delay = NaN] = line.split(" ").slice(4).map(Number);
    expect(Math.abs(offset - 0.02), line).toBeLessThanOrEqual(delay / 2 + 0.001);
    expect(readdirSync(join(folder, "stats")).some((name) => /^loopstats\.\d{8}$/.test(name))).toBe(true);
  });

  it("leaves what it knows of its servers to the next start, which goes on from there", async () => {
    const server = await startServer({ name: "good", ahead: 0.02, stratum: 1, refid: "GPS" }, clockReader());
    const path = configuration(`server 127.0.0.1 port ${server.port} iburst minpoll 3`, "tos maxdist 16");
    const first = new Running(["-c", path, "--port", `${await freePort()}`]);
    await first.heard("systemPeer");
    expect(await first.stop()).toBe(0);
    server.close();
    expect(readFileSync(join(folder, "state.json"), "utf8")).toMatch(/"ip": ?"127\.0\.0\.1"/);
    const second = new Running(["-c", path, "--port", `${await freePort()}`, "--metrics", "0"]);
    await second.heard("listening");
    // The server is gone: what is told of it is what was measured before.
    const metrics = await fetched(`http://127.0.0.1:${(await second.heard("metrics"))["port"] as number}/metrics`);
    expectAhead(metrics, 0.02);
    expect(await second.stop()).toBe(0);
  });

  it("goes on without a state file that can be neither read nor written, and says each once", async () => {
    const path = configuration("server 127.127.1.0");
    process.env["STATE_DIRECTORY"] = join(path, "below-a-file");
    const running = new Running(["-c", path, "--port", `${await freePort()}`]);
    await running.heard("listening");
    expect(await running.stop()).toBe(0);
    const said = running.lines
      .filter(({ event }) => event === "state")
      .map(({ level, text }) => `${level}: ${text.replace(folder, "")}`);
    expect(said).toMatchObject([
      expect.stringMatching(/^warning: .*ENOTDIR/),
      expect.stringMatching(/^warning: .*ENOTDIR/),
    ]);
    expect(new Set(said).size).toBe(2);
  });

  it("keeps its keys when their file can be read no longer, and says so", async () => {
    const path = configuration("server 127.127.1.0", `keys ${folder}/keys`, "trustedkey 1");
    writeFileSync(join(folder, "keys"), "1 SHA1 a-secret-of-ours\n", { mode: 0o600 });
    const running = new Running(["-c", path, "--port", `${await freePort()}`]);
    await running.heard("listening");
    rmSync(join(folder, "keys"));
    process.emit("SIGHUP");
    expect((await running.heard("configuration")).text).toMatch(/keys.*no such file or directory; it stays as it was$/);
    expect(await running.stop()).toBe(0);
  });

  it("reads its configuration anew on SIGHUP, and keeps it when it is wrong or the same", async () => {
    const path = configuration("server 127.127.1.0");
    const running = new Running(["-c", path, "--port", `${await freePort()}`]);
    await running.heard("listening");
    process.emit("SIGHUP");
    expect((await running.heard("configuration")).text).toBe("the configuration has not changed");
    writeFileSync(path, "nonsense\n");
    process.emit("SIGHUP");
    expect((await running.heard("configuration", 2)).text).toBe(
      `${path}:1:1: unknown command "nonsense"; it stays as it was`,
    );
    writeFileSync(path, "server 127.127.1.0\ntos minclock 2\n");
    process.emit("SIGHUP");
    expect((await running.heard("reconfigured")).text).toBe(
      "the configuration has changed: 0 associations stay, 0 end",
    );
    expect(await running.stop()).toBe(0);
    expect(running.lines.filter(({ event }) => event === "started" || event === "reread")).toMatchObject([
      { event: "started" },
      { event: "reread", text: `configuration file ${path}, read anew`, file: path },
    ]);
    expect(running.lines.filter(({ event }) => event === "listening")).toHaveLength(1);
  });

  it.runIf(process.platform === "linux")(
    "tells the service manager how things stand, from READY to STOPPING",
    async () => {
      const server = await startServer({ name: "good", ahead: 0.02, stratum: 1, refid: "GPS" }, clockReader());
      const manager = new Manager(join(folder, "notify"));
      const path = configuration(`server 127.0.0.1 port ${server.port} iburst minpoll 3`, "tos maxdist 16");
      const running = new Running(["-c", path, "--port", `${await freePort()}`], {
        NOTIFY_SOCKET: join(folder, "notify"),
        WATCHDOG_USEC: "40000",
      });
      await manager.heard(/^STATUS=following/);
      await manager.heard(/^WATCHDOG=1$/, 2);
      process.emit("SIGHUP");
      await manager.heard(/^READY=1$/);
      writeFileSync(path, "server 127.127.1.0\n");
      process.emit("SIGHUP");
      await manager.heard(/^READY=1$/, 2);
      expect(await running.stop()).toBe(0);
      await manager.heard(/^STOPPING=1$/);
      const told = manager.told
        .filter((text) => text !== "WATCHDOG=1")
        .map((text) => text.replaceAll(/=\d{2,}$/gm, "=N"));
      expect(told).toEqual([
        "READY=1\nMAINPID=N",
        `STATUS=following 127.0.0.1:${server.port}`,
        "RELOADING=1\nMONOTONIC_USEC=N",
        "READY=1",
        "RELOADING=1\nMONOTONIC_USEC=N",
        "READY=1",
        "STATUS=not synchronized",
        "STOPPING=1",
      ]);
      manager.close();
      server.close();
    },
  );

  it("says once what goes on being wrong", async () => {
    const path = configuration(
      "server 127.0.0.1 port 1 minpoll 3 iburst",
      "leapfile /nonexistent/leap",
      `logfile ${folder}/no/where`,
      "driftfile /nonexistent/drift",
    );
    const running = new Running(["-c", path, "--port", `${await freePort()}`]);
    await running.heard("unreachable");
    expect((await running.heard("leapFile")).text).toBe(
      "leap second list /nonexistent/leap: no such file or directory",
    );
    expect((await running.heard("logFile")).text).toContain("cannot be written: ENOENT");
    await running.stop();
    expect(running.lines.filter(({ event }) => event === "unreachable")).toHaveLength(1);
  });

  it("ends with 14 when its port is taken", async () => {
    const server = await startServer({ name: "x", ahead: 0, stratum: 1, refid: "GPS" }, clockReader());
    const running = new Running(["-c", configuration("server 127.127.1.0"), "--port", `${server.port}`]);
    expect(await running.ended).toBe(14);
    expect(running.lines.find(({ event }) => event === "notListening")).toMatchObject({
      level: "error",
      why: "portInUse",
    });
    expect(running.lines.at(-1)).toMatchObject({
      ok: false,
      exitCode: 14,
      error: {
        message: `UDP port ${server.port} is in use by another program`,
        hint: "stop the time daemon there, or name another port with --port",
      },
    });
    server.close();
  });

  it.each([
    [["--metrics", "0.0.0.0:9"], '--metrics: "0.0.0.0" is not a loopback address'],
    [["--metrics", "x:y:z"], "--metrics"],
    [["--user", "nobody-of-that-name"], '--user: there is no user "nobody-of-that-name"'],
    [["--discipline", "none"], "Allowed choices are adaptive, rfc5905"],
    [["--port", "0"], "--port: 0 is out of range"],
  ])("refuses %j", async (options, message) => {
    const { code, err } = await ntpkit(["run", "--no-clock", "-c", configuration("server 127.127.1.0"), ...options]);
    expect([code, err]).toEqual([64, expect.stringContaining(message)]);
  });

  it("wants a key file named where a key is", async () => {
    expect((await ntpkit(["run", "--no-clock", "-c", configuration("server 192.0.2.1 key 5")])).err).toContain(
      ":1:1: 192.0.2.1 is to be authenticated by key 5, but there is no key file",
    );
  });

  it.each([
    ["missing", null, /ntp\.conf:2:6: .*keys: the key file cannot be read: no such file or directory; it goes on/],
    ["a folder", "/", /ntp\.conf:2:6: .*keys: .*; it goes on/],
    [
      "partly faulty",
      "5 SHA1 0123456789abcdef0123\n6 NOSUCH x\n7 NOSUCH y\n",
      /keys:2:3: .*, and 1 fault more; it goes on/,
    ],
  ])("goes on with a key file that is %s, and says so once", async (_, text, words) => {
    if (text === "/") mkdirSync(join(folder, "keys"));
    else if (text !== null) writeFileSync(join(folder, "keys"), text, { mode: 0o600 });
    const path = configuration("server 127.127.1.0", `keys ${folder}/keys`, "trustedkey 5", "controlkey 5");
    const running = new Running(["-c", path, "--port", `${await freePort()}`]);
    await running.heard("listening");
    process.emit("SIGHUP");
    await running.heard("configuration");
    expect(await running.stop()).toBe(0);
    const said = running.lines.filter(({ event }) => event === "keys");
    expect(said).toMatchObject([{ level: "warning", text: expect.stringMatching(words) }]);
    const { code, out } = await ntpkit(["run", "--check", "--json", "-c", path]);
    // Here each faulty line is told for itself.
    expect([code, JSON.parse(out).remarks[0]]).toMatchObject([
      0,
      { level: "warning", message: said[0]!.text.replace(/(, and 1 fault more)?; it goes on.*/, "") },
    ]);
  });

  it("believes nobody without the key he is to have, until the file has it", async () => {
    const [open, keyed] = [
      await startServer({ name: "open", ahead: 0, stratum: 1, refid: "GPS" }, clockReader()),
      await startServer({ name: "keyed", ahead: 0, stratum: 1, refid: "GPS" }, clockReader()),
    ];
    const servers = [
      `server 127.0.0.1 port ${open.port} iburst minpoll 3`,
      `server 127.0.0.1 port ${keyed.port} iburst minpoll 3 key 5`,
    ];
    const path = configuration(...servers, `keys ${folder}/keys`, "trustedkey 5", "tos maxdist 16");
    const running = new Running(["-v", "-c", path, "--port", `${await freePort()}`]);
    await running.heard("systemPeer");
    expect((await running.heard("keys")).text).toMatch(/does not believe who needs these keys: 1 line with a key$/);
    const about = (event: string): readonly Line[] =>
      running.lines.filter(
        (line) => line.event === event && (line["address"] as { port?: number } | undefined)?.port === keyed.port,
      );
    expect(about("polled")).toEqual([]);
    writeFileSync(join(folder, "keys"), "5 SHA1 0123456789abcdef0123\n", { mode: 0o600 });
    process.emit("SIGHUP");
    // That server knows no keys: it is asked by now, and its answers are still not believed.
    expect(await running.heard("refused")).toMatchObject({ from: { port: keyed.port }, test: "authentication" });
    expect(about("polled")).not.toEqual([]);
    expect(about("sample")).toEqual([]);
    expect(await running.stop()).toBe(0);
    for (const server of [open, keyed]) server.close();
  });
});

/** That the one server is measured to be so far ahead: right to half of the round trip, however busy the machine is. */
function expectAhead(metrics: string, ahead: number): void {
  const of = (name: string): number =>
    Number(
      new RegExp(`^ntpkit_association_${name}_seconds\\{name="127\\.0\\.0\\.1",[^}]*\\} (\\S+)$`, "m").exec(
        metrics,
      )?.[1] ?? NaN,
    );
  expect(of("delay")).toBeGreaterThan(0);
  expect(Math.abs(of("offset") - ahead)).toBeLessThanOrEqual(of("delay") / 2 + 0.001);
}

function fetched(url: string): Promise<string> {
  return new Promise((done, failed) => {
    get(url, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (part: string) => (text += part))
        .on("end", () => done(text));
    }).on("error", failed);
  });
}
