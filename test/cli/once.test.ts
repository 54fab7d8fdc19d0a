/** `sync` and `query` in this process, against servers on loopback. The clock is never touched: sync runs dry. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type Character, type DemoServer } from "../../src/cli/demo/server.ts";
import type { Io, StopSignal } from "../../src/cli/io.ts";
import { run } from "../../src/cli/program.ts";
import { clockReader } from "../../src/host/clock.ts";
import { query, type RunDocument } from "../../src/index.ts";
import { runSchema } from "../../src/view/schema.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

const GOOD: Character = { name: "good", ahead: 0.25, stratum: 1, refid: "GPS" };
const servers: DemoServer[] = [];
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-once-"));
  process.env["STATE_DIRECTORY"] = folder;
});
afterAll(() => {
  delete process.env["STATE_DIRECTORY"];
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Starts a server and says where it is. */
async function serve(character: Partial<Character> = {}): Promise<string> {
  const server = await startServer({ ...GOOD, ...character }, clockReader());
  servers.push(server);
  return `127.0.0.1:${server.port}`;
}

/** The offset may be wrong by the uncertainty at most; the servers' own clock readings by some more. */
function expectTruth({ clock }: Pick<RunDocument, "clock">): void {
  expect(Math.abs(clock.offset! - GOOD.ahead)).toBeLessThanOrEqual(clock.uncertainty! + 0.001);
}

describe("query", () => {
  it("measures one server once, in words", async () => {
    const { code, out, err } = await ntpkit(["query", await serve()]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^ {2}server .*\n\* 127\.0\.0\.1:\d+ .*\nlocal clock is \d+\.\d+ ms behind ± .*\n$/);
  });

  it("prints a document that fits its schema", async () => {
    const { code, out, err } = await ntpkit([
      "query",
      "--json",
      await serve(),
      await serve({ stratum: null, refid: "INIT" }),
      "127.0.0.1:1",
    ]);
    const document = JSON.parse(out);
    expect([code, err]).toEqual([0, ""]);
    expect(violations(document, runSchema("query"))).toEqual([]);
    expect(document).toMatchObject({
      schema: "ntpkit/query/1",
      ok: true,
      clock: { direction: "behind", action: "none", applied: false, reason: "query" },
    });
    expectTruth(document);
    expect(document.associations.map(({ verdict, reason }: any) => reason ?? verdict)).toEqual([
      "systemPeer",
      "unsynchronized",
      "portUnreachable",
    ]);
  });

  it("says nothing with -q when all went well, and all when not", async () => {
    expect(await ntpkit(["query", "-q", await serve()])).toEqual({ code: 0, out: "", err: "" });
    const failed = await ntpkit(["query", "-q", "127.0.0.1:1"]);
    expect(failed.code).toBe(10);
    expect(failed.out).toContain("port unreachable");
    expect(failed.err).toBe(
      "ntpkit query: no server answered: 127.0.0.1:1 (nothing listens on its port); is a time server running there, on that port?\n",
    );
    expect(JSON.parse((await ntpkit(["query", "-q", "--json", await serve()])).out).ok).toBe(true);
  });

  it("tells with -v what is done", async () => {
    const { err } = await ntpkit(["query", "-v", await serve()]);
    expect(err).toMatch(/: mobilized\n/);
    expect(err).toMatch(/: offset \+\d+\.\d+ ms, delay /);
    expect(err).toMatch(/decided: local clock is /);
  });

  it("knows when nobody is fit, and when nobody agrees", async () => {
    expect((await ntpkit(["query", await serve({ stratum: null, refid: "INIT" })])).code).toBe(12);
    const split = await ntpkit(["query", "--json", await serve(), await serve({ ahead: 9 })]);
    expect(split.code).toBe(12);
    expect(JSON.parse(split.out)).toMatchObject({
      ok: false,
      exitCode: 12,
      error: { code: "no-agreement" },
      clock: { offset: null },
    });
    expect(violations(JSON.parse(split.out), runSchema("query"))).toEqual([]);
  });

  it("says of a configuration why none of its servers can be asked, line by line", async () => {
    const path = join(folder, "unaskable.conf");
    const asked = async (...lines: readonly string[]): Promise<string> => {
      writeFileSync(path, `${lines.join("\n")}\n`);
      const { code, err } = await ntpkit(["query", "-c", path]);
      expect([lines, code]).toEqual([lines, 64]);
      return err.split(`${path}:`).slice(1).join("");
    };
    expect(await asked("server a autokey", "peer b")).toMatch(
      /^1:1: server a .* Autokey.*; 2:1: peer .*for daemons; name one/,
    );
    expect(await asked("server 127.127.1.0")).toContain("1:1: 127.127.1.0 is left out: reference clocks");
    expect(await asked("broadcastclient", "manycastclient 239.1.1.1", "peer a", "peer b")).toContain(
      "; 1 more; name one",
    );
    expect(await asked("driftfile /x")).not.toContain("1:1");
  });

  it("knows when a name does not exist", async () => {
    const { code, err } = await ntpkit(["query", "nonexistent.invalid", "--deadline", "30s"]);
    expect(code).toBe(11);
    expect(err).toContain("nonexistent.invalid");
  });

  it("ends on a signal with its code and nothing half said", async () => {
    const server = await serve();
    expect(await ntpkit(["query", "--samples", "4", server], { signal: "SIGINT" })).toEqual({
      code: 130,
      out: "",
      err: "ntpkit query: interrupted (SIGINT)\n",
    });
    const terminated = await ntpkit(["query", "--json", "--samples", "4", server], { signal: "SIGTERM" });
    expect(terminated.code).toBe(143);
    expect(JSON.parse(terminated.out)).toMatchObject({ ok: false, exitCode: 143, error: { code: "terminated" } });
  });

  it.each(["query", "sync"] as const)("%s that is interrupted tells what is known by then", async (command) => {
    const server = await serve();
    const out: string[] = [];
    let stop: ((signal: StopSignal) => void) | null = null;
    const sink = (write: (text: string) => void): Io["out"] => ({ write, isTerminal: false, columns: null });
    const code = await run([command, "-v", "--samples", "4", server, ...(command === "sync" ? ["-n"] : [])], {
      out: sink((text) => void out.push(text)),
      err: sink((text) => {
        if (/: offset [-+]/.test(text)) queueMicrotask(() => stop?.("SIGINT"));
      }),
      env: { NTPKIT_CONFIG: "/nonexistent/ntpkit.conf", TERM: "dumb" },
      onStop: (listener) => {
        stop = listener;
        return () => {};
      },
    });
    expect([code, out.join("")]).toEqual([
      130,
      expect.stringMatching(/^ {2}server .*\n\* 127\.0\.0\.1:\d+ +1 +\+[^]*\nlocal clock is [\d.]+ ms behind/),
    ]);
  });

  it("colours on a terminal, unless told not to", async () => {
    const server = await serve();
    const { out } = await ntpkit(["query", server], { columns: 80, env: { TERM: "xterm" } });
    // oxlint-disable-next-line no-control-regex
    expect(out.replace(/\u001b\[\d+m/g, "")).toMatch(
      /^ {2}server +st +offset +delay +± +reach +why not\n\* 127\.0\.0\.1:\d+ +1 +\+[\d.]+ ms +[\d.]+ [µm]s +[\d.]+ [µm]s +1 *\nlocal clock is /,
    );
    const colour = (env: Record<string, string>, ...options: string[]): Promise<boolean> =>
      ntpkit(["query", ...options, server], { columns: 80, env }).then(({ out }) => out.includes("\u001b["));
    expect(await colour({ TERM: "xterm" })).toBe(true);
    expect(await colour({ TERM: "xterm", NO_COLOR: "1" })).toBe(false);
    expect(await colour({ TERM: "dumb" })).toBe(false);
    expect(await colour({ TERM: "dumb", FORCE_COLOR: "1" })).toBe(true);
    expect(await colour({ TERM: "xterm", FORCE_COLOR: "1" }, "--no-color")).toBe(false);
  });
});

describe("sync", () => {
  it("says what it would do, and does nothing", async () => {
    const { code, out, err } = await ntpkit(["sync", "-n", "--interval", "50ms", await serve()]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/; a run without --dry-run would step it\n$/);
    const slewed = JSON.parse(
      (await ntpkit(["sync", "-n", "--json", "--slew", "--interval", "50ms", await serve()])).out,
    );
    expect(slewed.clock).toMatchObject({ action: "slew", applied: false, reason: "dry-run" });
    expect(violations(slewed, runSchema("sync"))).toEqual([]);
  });

  it("refuses what is beyond its limits", async () => {
    const panic = await ntpkit(["sync", "-n", "--interval", "50ms", "--panic", "100ms", await serve()]);
    expect(panic.code).toBe(13);
    expect(panic.err).toMatch(
      /^ntpkit sync: the local clock is \d+\.\d+ ms behind, beyond the --panic limit of 100\.0 ms; nothing was changed; /,
    );
    const step = await ntpkit([
      "sync",
      "-n",
      "--json",
      "--interval",
      "50ms",
      "--max-step",
      "forward=0.2",
      await serve(),
    ]);
    expect(step.code).toBe(13);
    expect(JSON.parse(step.out)).toMatchObject({
      clock: { action: "refused", reason: "max-step", applied: false },
      error: { code: "limit" },
    });
  });

  it("asks the servers of the configuration file", async () => {
    const config = join(folder, "ntp.conf");
    writeFileSync(config, "driftfile /var/lib/ntp/drift\nserver 127.0.0.1 prefer\npeer 192.0.2.1\n");
    const [, port] = (await serve()).split(":");
    const { code, out, err } = await ntpkit(["sync", "-n", "--json", "--interval", "50ms", "--port", port!], {
      env: { NTPKIT_CONFIG: config },
    });
    expect(code).toBe(0);
    expect(JSON.parse(out).associations).toMatchObject([{ address: "127.0.0.1" }]);
    expect(err.split("\n")).toEqual([
      expect.stringMatching(`^ntpkit sync: warning: ${config}:3:1: "peer" is left out: `),
      "",
    ]);
    const talkative = await ntpkit(["sync", "-n", "-v", "--interval", "50ms", "--port", port!, "-c", config]);
    expect(talkative.err).toContain(`ntpkit sync: configuration file ${config}\n`);
    expect(talkative.err).toContain("note: ");
  });
});

describe("the library", () => {
  it("answers with the same document", async () => {
    const document = await query(await serve(), { timeout: 1 });
    expect(violations(JSON.parse(JSON.stringify(document)), runSchema("query"))).toEqual([]);
    expectTruth(document);
  });
  it("says why there is no time, and refuses bad arguments", async () => {
    expect(await query("127.0.0.1:1")).toMatchObject({ ok: false, error: { code: "no-reply" } });
    await expect(query("a:0")).rejects.toThrow("out of range");
  });
});
