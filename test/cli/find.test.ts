/** `pool`, `manycast`, `broadcast` and `serve` on loopback, in this process or as one of their own. */
import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type DemoServer } from "../../src/cli/demo/server.ts";
import { clockReader } from "../../src/host/clock.ts";
import { shift, UNKNOWN_TIME } from "../../src/time/timestamp.ts";
import { findingSchemas } from "../../src/view/finding-schema.ts";
import { encodeHeader, readHeader, type Header } from "../../src/wire/header.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

const ENTRY = fileURLToPath(new URL("../../src/cli/entry.ts", import.meta.url));
const SCHEMAS = findingSchemas();
const GROUP = "239.255.77.77";
const read = clockReader();
const servers: (DemoServer | Socket | { close(): unknown })[] = [];
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-find-"));
  process.env["STATE_DIRECTORY"] = folder;
});
afterAll(() => {
  delete process.env["STATE_DIRECTORY"];
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe("a mistake", () => {
  it.each([
    [
      ["manycast", "10.0.0.1"],
      'ntpkit manycast: "10.0.0.1" is not a multicast group; groups are 224.0.0.0 to 239.255.255.255, and IPv6 addresses that begin with ff',
    ],
    [["manycast", GROUP, "--ttl", "0"], "ntpkit manycast: --ttl: 0 is out of range; from 1 to 255"],
    [["manycast", GROUP, "--ttl", "256"], "ntpkit manycast: --ttl: 256 is out of range; from 1 to 255"],
    [
      ["manycast", GROUP, "--key", "7"],
      "ntpkit manycast: key 7 is named, but there is no key file; name the file of their keys with --keys, or trust whoever answers with --no-auth",
    ],
    [
      ["manycast"],
      "ntpkit manycast: nothing is named to be searched; name a multicast group, as in: ntpkit manycast 239.1.1.1 --ttl 7 --keys /etc/ntp.keys",
    ],
    [["pool"], "ntpkit pool: nothing is named to be asked; name a pool or a server, as in: ntpkit pool 2.pool.ntp.org"],
    [
      ["broadcast", "--trusted", "7"],
      "ntpkit broadcast: --trusted names keys, but there is no key file; name the file with --keys FILE",
    ],
    [
      ["broadcast", "--autokey-group", "g"],
      "ntpkit broadcast: --autokey-group is for --autokey; that names the folder of the keys",
    ],
    [
      ["manycast", GROUP, "--autokey-password", "/dev/null"],
      "ntpkit manycast: --autokey-password is for --autokey; that names the folder of the keys",
    ],
    [
      ["broadcast", "--autokey", "/nonexistent"],
      "ntpkit broadcast: --autokey: /nonexistent: no such file or directory",
    ],
    [
      ["manycast", GROUP, "--autokey", "/", "--no-auth"],
      "ntpkit manycast: option '--autokey <dir>' cannot be used with option '--no-auth'",
    ],
    [["serve", "--local-stratum", "16"], "ntpkit serve: --local-stratum: 16 is out of range; from 1 to 15"],
    [
      ["serve", "--manycast", "10.1.1.1"],
      'ntpkit serve: "10.1.1.1" is not a multicast group; groups are 224.0.0.0 to 239.255.255.255, and IPv6 addresses that begin with ff',
    ],
    [["serve", "--user", "no-such-user"], 'ntpkit serve: --user: there is no user "no-such-user"'],
  ])("%j is one line and exit code 64", async (argv, line) => {
    expect(await ntpkit(argv)).toMatchObject({ code: 64, out: "", err: expect.stringContaining(line.split(";")[0]!) });
  });

  it("is to trust a key that the file does not have", async () => {
    const keys = join(folder, "ntp.keys");
    writeFileSync(keys, "1 SHA1 0123456789abcdef0123456789abcdef01234567\n", { mode: 0o600 });
    expect(await ntpkit(["broadcast", "--keys", keys, "--trusted", "7"])).toEqual({
      code: 64,
      out: "",
      err: "ntpkit broadcast: --trusted: key 7 is not in the key file; it has 1\n",
    });
  });

  it("is an interface that is not there", async () => {
    for (const command of [["manycast", GROUP], ["broadcast"], ["serve"]]) {
      const { code, err } = await ntpkit([...command, "--interface", "no-such-if"]);
      expect([command, code]).toEqual([command, 64]);
      expect(err).toContain('there is no interface "no-such-if"');
    }
  });
});

describe("pool", () => {
  it("reports a member a line, and what they have in common", async () => {
    const ports = await Promise.all([demo(2, "203.0.113.1"), demo(2, "203.0.113.1")]);
    const { code, out } = await ntpkit([
      "pool",
      "--samples",
      "2",
      "--interval",
      "50ms",
      "--json",
      ...ports.map((port) => `127.0.0.1:${port}`),
    ]);
    expect(code).toBe(0);
    const document = JSON.parse(out);
    expect(violations(document, SCHEMAS["pool"]!)).toEqual([]);
    expect(document).toMatchObject({
      ok: true,
      associations: [{ lifetime: "preemptable" }, { lifetime: "preemptable" }],
      warnings: [{ code: "sharedUpstream" }],
    });
  });

  it("is silent with -q when all went well", async () => {
    expect(await ntpkit(["pool", "-q", "--samples", "1", `127.0.0.1:${await demo(1, "GPS")}`])).toEqual({
      code: 0,
      out: "",
      err: "",
    });
  });
});

describe("--follow", () => {
  it("names of a pool who is dead beside who lives, and says of each document how it stands", async () => {
    const live = await demo(2, "203.0.113.1");
    const dead = await freePort();
    const { lines, err } = await following(
      ({ associations, notDrawn }) => associations.length > 0 && notDrawn.length > 0,
      "pool",
      `127.0.0.1:${dead}`,
      `127.0.0.2:${dead}`,
      `127.0.0.1:${live}`,
      "does-not-exist.invalid",
    );
    for (const line of lines) expect(violations(line, SCHEMAS["pool"]!)).toEqual([]);
    for (const line of lines.slice(0, -1)) {
      expect([line.ok, line.exitCode === 0]).toEqual(line.system.systemPeer === null ? [false, false] : [true, true]);
    }
    expect(lines.at(-1)).toMatchObject({
      associations: [{ port: live }],
      notDrawn: [
        { address: "127.0.0.1", port: dead, why: "portUnreachable" },
        { address: "127.0.0.2", port: dead },
      ],
    });
    expect(lines.at(-1)).toMatchObject({ ok: false, exitCode: 130 });
    expect(err.match(/warning: does-not-exist\.invalid: /g)).toHaveLength(1);
  });

  it("ends with its deadline, and well where it has servers by then", async () => {
    const live = await demo(2, "203.0.113.1");
    const ended = async (port: number): Promise<unknown> => {
      const argv = ["pool", "--follow", "--deadline", "9s", "--maxdist", "16s", `127.0.0.1:${port}`];
      const child = spawn(process.execPath, ["--import", "tsx", ENTRY, ...argv], {
        env: { ...process.env, NTPKIT_CONFIG: "/nonexistent" },
      });
      servers.push({ close: () => child.kill("SIGKILL") });
      return once(child, "close");
    };
    expect(await Promise.all([ended(live), ended(await freePort())])).toEqual([
      [0, null],
      [17, null],
    ]);
  });

  it("tells of every ring of a search that goes on", async () => {
    const port = await answerGroup();
    const { lines } = await following(
      ({ associations }) => associations.length > 0,
      "manycast",
      GROUP,
      "--interface",
      "lo",
      "--port",
      `${port}`,
      "--no-auth",
      "--interval",
      "100ms",
      "--minclock",
      "1",
    );
    for (const line of lines) expect(violations(line, SCHEMAS["manycast"]!)).toEqual([]);
    expect(lines.at(-1)).toMatchObject({
      group: GROUP,
      rings: [{ ttl: 1, replies: 1 }],
      associations: [{ ttl: 1, authentication: "none" }],
    });
  });
});

describe("manycast", () => {
  const search = (port: number, ...options: string[]) =>
    ntpkit([
      "manycast",
      GROUP,
      "--interface",
      "lo",
      "--port",
      `${port}`,
      "--ttl",
      "2",
      "--interval",
      "100ms",
      "--samples",
      "2",
      "--minclock",
      "1",
      "--json",
      ...options,
    ]);

  it("finds who answers, and believes him only when told to", async () => {
    const port = await answerGroup();
    // A busy machine may answer later than the second of two rings in a hurry.
    const trusting = await search(port, "--no-auth", "--interval", "2s");
    const document = JSON.parse(trusting.out);
    expect(violations(document, SCHEMAS["manycast"]!)).toEqual([]);
    expect([trusting.code, document]).toMatchObject([
      0,
      {
        group: GROUP,
        rings: [{ ttl: 1, replies: 1 }],
        associations: [{ verdict: "systemPeer", ttl: 1, group: GROUP, authentication: "none" }],
      },
    ]);
    const strict = await search(port);
    expect(strict.code).toBe(15);
    expect(strict.err).toContain("1 server was found, and none is authentic: ");
    expect(JSON.parse(strict.out)).toMatchObject({
      ok: false,
      error: { code: "authentication" },
      associations: [{ verdict: "rejected", reason: "authentication", offset: expect.any(Number) }],
    });
  });

  it("asks a group once, however often it is named", async () => {
    const { out } = await search(await freePort(), GROUP);
    expect(JSON.parse(out)).toMatchObject({ group: GROUP, rings: [{ ttl: 1 }, { ttl: 2 }] });
  });

  it("says so when nobody does", async () => {
    const { code, out, err } = await search(await freePort());
    expect(code).toBe(10);
    expect(JSON.parse(out).rings).toMatchObject([
      { ttl: 1, replies: 0 },
      { ttl: 2, replies: 0 },
    ]);
    expect(err).toMatch(/^ntpkit manycast: no server answered within 2 hops of this host in 239\.255\.77\.77; /);
  });

  it("says that the deadline cut the search off, where rings were left to ask", async () => {
    const { code, out, err } = await search(
      await freePort(),
      "--ttl",
      "5",
      "--interval",
      "1000s",
      "--deadline",
      "300ms",
    );
    expect([code, JSON.parse(out)]).toMatchObject([
      17,
      { ok: false, exitCode: 17, error: { code: "deadline" }, rings: [{ ttl: 1, replies: 0 }] },
    ]);
    expect(err).toBe(
      "ntpkit manycast: the deadline of 300.0 ms passed before all rings were asked: 1 of 5 hops, and no server answered; --deadline allows more time, --ttl asks fewer rings\n",
    );
  });

  it("finds a server of this very host, in another process", async () => {
    const port = await freePort();
    await serving(port, "--local-stratum", "3", "--manycast", GROUP, "--interface", "lo");
    // Longer than its random delay.
    const { code, out } = await search(port, "--no-auth", "--interval", "1s");
    expect([code, JSON.parse(out)]).toMatchObject([0, { associations: [{ verdict: "systemPeer", stratum: 3 }] }]);
  });

  it("blames authentication where servers answered without it, whatever rings the deadline left", async () => {
    const port = await freePort();
    await serving(port, "--local-stratum", "3", "--manycast", GROUP, "--interface", "lo");
    const { code, out, err } = await search(port, "--ttl", "5", "--interval", "1s", "--deadline", "3500ms");
    expect([code, JSON.parse(out)]).toMatchObject([
      15,
      { error: { code: "authentication" }, associations: [{ reason: "authentication" }] },
    ]);
    // At the first answer, once, and not only in the last line.
    const lines = err.split("\n");
    const said = "--keys FILE or --no-auth decides who is believed";
    expect(lines[0]).toBe(`ntpkit manycast: warning: a server answers without a key that could be checked: ${said}`);
    expect(lines.filter((line) => line.includes(said))).toHaveLength(1);
  });

  it("draws rings in place on a terminal, and leaves only the report", async () => {
    const port = await answerGroup();
    const { out, err } = await ntpkit(
      [
        "manycast",
        GROUP,
        "--interface",
        "lo",
        "--port",
        `${port}`,
        "--ttl",
        "1",
        "--interval",
        "100ms",
        "--samples",
        "2",
        "--minclock",
        "1",
        "--no-auth",
      ],
      { columns: 80, env: { TERM: "xterm", NO_COLOR: "1" } },
    );
    expect(err).toContain("searching … 0 s, Ctrl-C ends it\n");
    expect(err.endsWith("\u001b[0J")).toBe(true);
    expect(out).toMatch(/^239\.255\.77\.77 {2}ring 1 \(1 hop\): 1 answered\n/);
  });
});

describe("broadcast", () => {
  it("prints an event a line, and ends after enough of them", async () => {
    const port = await freePort();
    broadcastTo(port);
    const { code, out } = await ntpkit([
      "broadcast",
      GROUP,
      "--interface",
      "lo",
      "--port",
      `${port}`,
      "--count",
      "2",
      "--broadcast-delay",
      "1ms",
      "--no-auth",
      "--json",
    ]);
    const events = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const event of events) expect(violations(event, SCHEMAS["broadcast"]!)).toEqual([]);
    expect([code, events.map(({ event }) => event)]).toEqual([0, ["mobilized", "sample", "sample"]]);
    expect(events[1]).toMatchObject({ group: GROUP, authentication: "none", offset: expect.any(Number) });
  });

  it("lists whom it may not believe, and ends with 15", async () => {
    const port = await freePort();
    broadcastTo(port);
    const { code, out, err } = await ntpkit([
      "broadcast",
      GROUP,
      "--interface",
      "lo",
      "--port",
      `${port}`,
      "--deadline",
      "1s",
    ]);
    expect(code).toBe(15);
    expect(out).toMatch(
      /^\d\d:\d\d:\d\d 127\.0\.0\.1:\d+ in 239\.255\.77\.77: rejected: it is not authentic; it says offset /,
    );
    expect(err).toContain("--no-auth");
  });

  it("counts what it refuses, and tells of the first few of each reason", async () => {
    const port = await freePort();
    const socket = await bound("127.0.0.1");
    const timer = setInterval(() => socket.send(Buffer.alloc(5, 0x25), port, "127.0.0.1"), 20);
    socket.on("close", () => clearInterval(timer));
    const { out, err } = await ntpkit(["broadcast", "--port", `${port}`, "--deadline", "1s", "--json", "-v"]);
    const { refused, ...failure } = JSON.parse(out);
    expect(violations({ ...failure, refused }, SCHEMAS["broadcast"]!)).toEqual([]);
    expect(refused.tooShort).toBeGreaterThan(3);
    expect(err.match(/it is shorter than a header/g)).toHaveLength(3);
    expect(err).toContain(`ntpkit broadcast: ${refused.tooShort} packets refused: ${refused.tooShort} tooShort\n`);
  });

  it("says so when it hears nothing, or may not listen", async () => {
    const { code, out, err } = await ntpkit([
      "broadcast",
      "--port",
      `${await freePort()}`,
      "--deadline",
      "100ms",
      "--json",
    ]);
    expect([code, JSON.parse(out)]).toMatchObject([10, { ok: false, error: { code: "no-reply" } }]);
    expect(err).toMatch(/^ntpkit broadcast: no broadcast was heard on UDP port \d+ in /);
    const taken = await bound("0.0.0.0");
    const refused = await ntpkit(["broadcast", "--port", `${taken.address().port}`]);
    expect([refused.code, refused.err]).toEqual([14, expect.stringContaining("is in use by another program")]);
  });
});

describe("serve", () => {
  it("answers until it is told to stop, which is no failure", async () => {
    const port = await freePort();
    const config = join(folder, "ntp.conf");
    writeFileSync(config, "server 127.127.1.0\nfudge 127.127.1.0 stratum 5\nrestrict 127.0.0.2 noserve\n");
    const child = spawn(
      process.execPath,
      ["--import", "tsx", ENTRY, "serve", "-c", config, "--port", `${port}`, "--json"],
      { env: { ...process.env, NTPKIT_CONFIG: "/nonexistent" } },
    );
    servers.push({ close: () => child.kill("SIGKILL") });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    await once(createInterface(child.stdout), "line");
    const { code, out: asked } = await ntpkit(["query", "--json", `127.0.0.1:${port}`]);
    expect([code, JSON.parse(asked)]).toMatchObject([0, { associations: [{ stratum: 6, refid: "LOCAL(0)" }] }]);
    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([0, null]);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const line of lines) expect(violations(line, SCHEMAS["serve"]!)).toEqual([]);
    expect([lines.map(({ event }) => event), err]).toEqual([["listening", "stopped"], ""]);
    expect(lines[1]).toMatchObject({ served: { stratum: 6, synchronized: true }, packets: { answered: 1 } });
  });

  it("says which port it may not have", async () => {
    const { port } = (await bound("0.0.0.0")).address();
    const { code, out, err } = await ntpkit(["serve", "--port", `${port}`, "--user", "root", "--json"]);
    expect([code, JSON.parse(out)]).toMatchObject([14, { ok: false, error: { code: "permission" } }]);
    expect(err).toContain(`UDP port ${port} is in use by another program`);
  });
});

/** `ntpkit serve` as a process of its own, until the test ends. */
async function serving(port: number, ...options: readonly string[]): Promise<void> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", ENTRY, "serve", "--port", `${port}`, "--json", ...options],
    { env: { ...process.env, NTPKIT_CONFIG: "/nonexistent" } },
  );
  servers.push({ close: () => child.kill("SIGKILL") });
  await once(createInterface(child.stdout), "line");
}

/** Runs a command with `--follow --json` until a document is as wanted, then interrupts it. */
async function following(
  isWanted: (document: any) => boolean,
  ...argv: readonly string[]
): Promise<{ readonly lines: readonly any[]; readonly err: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", ENTRY, ...argv, "--follow", "--json"], {
    env: { ...process.env, NTPKIT_CONFIG: "/nonexistent" },
  });
  servers.push({ close: () => child.kill("SIGKILL") });
  const lines: any[] = [];
  let err = "";
  let interrupted = false;
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  createInterface(child.stdout).on("line", (line) => {
    lines.push(JSON.parse(line));
    // Once: a second one, on the last document, would end the process before it can say how it ended.
    if (!interrupted && isWanted(lines.at(-1))) interrupted = child.kill("SIGINT");
  });
  expect(await once(child, "close")).toEqual([130, null]);
  return { lines, err };
}

async function demo(stratum: number, refid: string): Promise<number> {
  const server = await startServer({ name: "x", ahead: 0, stratum, refid }, read);
  servers.push(server);
  return server.port;
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket("udp4");
  servers.push(socket);
  socket.bind(0, address);
  await once(socket, "listening");
  return socket;
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "0.0.0.0");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(() => done()));
  return port;
}

/** A manycast server on loopback; returns its port. */
async function answerGroup(): Promise<number> {
  const socket = await bound("0.0.0.0");
  socket.addMembership(GROUP, "127.0.0.1");
  socket.on("message", (bytes, { port, address }) => {
    const request = readHeader(new DataView(bytes.buffer, bytes.byteOffset));
    const now = read();
    socket.send(
      encodeHeader({
        ...TOLD,
        mode: "server",
        reference: shift(now, -5),
        origin: request.transmit,
        receive: now,
        transmit: read(),
      }),
      port,
      address,
    );
  });
  return socket.address().port;
}

/** Multicasts to a port on loopback, ten times a second, until the test ends. */
function broadcastTo(port: number): void {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1", () => {
    socket.setMulticastInterface("127.0.0.1");
    const timer = setInterval(() => {
      const now = read();
      socket.send(encodeHeader({ ...TOLD, mode: "broadcast", reference: shift(now, -5), transmit: now }), port, GROUP);
    }, 100);
    socket.on("close", () => clearInterval(timer));
  });
  servers.push(socket);
}

const TOLD: Header = {
  leap: "none",
  version: 4,
  mode: "server",
  stratum: 2,
  poll: 3,
  precision: -20,
  rootDelay: 0.001,
  rootDispersion: 0.001,
  referenceId: 0xcb00_7101,
  reference: UNKNOWN_TIME,
  origin: UNKNOWN_TIME,
  receive: UNKNOWN_TIME,
  transmit: UNKNOWN_TIME,
};
