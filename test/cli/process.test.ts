/** The command as a process of its own: pipes that break, signals, exit codes. */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const ENTRY = fileURLToPath(new URL("../../src/cli/entry.ts", import.meta.url));

function start(...argv: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ["--import", "tsx", ENTRY, ...argv], {
    env: { ...process.env, NTPKIT_CONFIG: "/nonexistent" },
  });
}

/** Everything a process says until it ends. */
async function ended(
  child: ChildProcessWithoutNullStreams,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

describe("the process", () => {
  it("ends with the command's code", async () => {
    expect(await ended(start("--version"))).toMatchObject({ code: 0, err: "" });
    expect(await ended(start("sync"))).toMatchObject({ code: 64, out: "" });
  });

  it("is silent when its reader has gone", async () => {
    const child = start("sync", "--help");
    child.stdout.destroy();
    expect(await ended(child)).toMatchObject({ code: 0, err: "" });
  });

  it("ends what goes on when its reader has gone", async () => {
    const child = start("peers", "-n", "--watch", "100ms", "--timeout", "50ms", "/nonexistent/socket", "--json");
    await once(child.stdout, "data");
    child.stdout.destroy();
    expect(await ended(child)).toMatchObject({ code: 0, err: "" });
  });
});

describe("a pipe with a name", () => {
  const capture = fileURLToPath(new URL("../fixtures/captures/i1-autokey-tc.pcap", import.meta.url));
  let folder = "";
  let pipe = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ntpkit-pipe-"));
    pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each(["decode", "report"])(
    "that nobody writes to does not keep %s from ending when it is told to",
    async (name) => {
      const child = start(name, pipe);
      try {
        await vi.waitFor(() => expect(opened(child)).toContain(pipe), { timeout: 20_000 });
        child.kill("SIGINT");
        expect(await ended(child)).toMatchObject({ code: 130 });
      } finally {
        child.kill("SIGKILL");
      }
    },
  );

  it("is read to its end like a file", async () => {
    const child = start("decode", pipe);
    const writer = spawn("sh", ["-c", `exec cat "$0" > "$1"`, capture, pipe]);
    try {
      const { code, out } = await ended(child);
      expect([code, out]).toEqual([0, (await ended(start("decode", capture))).out]);
    } finally {
      child.kill("SIGKILL");
      writer.kill("SIGKILL");
    }
  });

  /** What a process has open. */
  function opened({ pid }: ChildProcessWithoutNullStreams): readonly string[] {
    const descriptors = `/proc/${pid}/fd`;
    return readdirSync(descriptors).flatMap((name) => {
      try {
        return [readlinkSync(join(descriptors, name))];
      } catch {
        return []; // closed meanwhile
      }
    });
  }
});

describe("what nobody catches", () => {
  // Thrown as soon as somebody listens.
  const thrown = `data:text/javascript,${encodeURIComponent(`
    const timer = setInterval(() => {
      if (process.listenerCount("uncaughtException") === 0) return;
      clearInterval(timer);
      for (const what of ["thrown later", "thrown again"]) setImmediate(() => { throw new Error(what); });
    }, 5)`)}`;
  const broken = (...argv: string[]): ChildProcessWithoutNullStreams =>
    spawn(process.execPath, ["--import", "tsx", "--import", thrown, ENTRY, ...argv]);

  it("is told in a line, without a stack, and ends with 70", async () => {
    const { code, out, err } = await ended(broken("wait", "--daemon", "127.0.0.1:9", "--deadline", "60s"));
    expect({ code, out }).toEqual({ code: 70, out: "" });
    expect(err).toMatch(/^ntpkit wait: internal error: thrown later; .*--debug.*\n$/);
  });

  it("is told in the document, and UNKNOWN to a monitoring system", async () => {
    const json = await ended(broken("wait", "--daemon", "127.0.0.1:9", "--deadline", "60s", "--json"));
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, exitCode: 70, error: { code: "internal" } });
    const plugin = await ended(
      broken("check", "--daemon", "127.0.0.1:9", "--wait-network", "60s", "--deadline", "60s"),
    );
    expect(plugin).toMatchObject({ code: 3, out: expect.stringMatching(/^NTP UNKNOWN: internal error: thrown later/) });
  });
});

describe.runIf(existsSync("/dev/full"))("a full disk", () => {
  it.each([
    [["--version"], 74],
    [["query", "--help"], 74],
    [["check", "--help"], 3], // whom monitoring asks knows no other code
  ] as const)("is no success of %s", async (argv, expected) => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, ["--import", "tsx", ENTRY, ...argv], { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    let err = "";
    child.stderr!.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    expect({ code, err }).toEqual({
      code: expected,
      err: expect.stringMatching(/^ntpkit: standard output cannot be written: ENOSPC.*\n$/),
    });
  });
});

describe("a run that is interrupted", () => {
  let silent: Socket;
  let address = "";
  beforeEach(async () => {
    silent = createSocket("udp4");
    silent.bind(0, "127.0.0.1");
    await once(silent, "listening");
    address = `127.0.0.1:${silent.address().port}`;
  });
  afterEach(() => {
    silent.close();
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s ends with %d, and its document", async (signal, code) => {
    const child = start("query", "--json", "--timeout", "60s", "--deadline", "inf", address);
    const result = ended(child);
    await once(silent, "message");
    child.kill(signal);
    const { code: exit, out } = await result;
    expect(exit).toBe(code);
    expect(JSON.parse(out)).toMatchObject({ ok: false, exitCode: code, associations: [{ reason: "pending" }] });
  });
});
