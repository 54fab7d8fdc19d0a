/** `sync --state` and `peers --state` on real files. The clock is never touched: sync runs dry. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startServer, type Character, type DemoServer } from "../../src/cli/demo/server.ts";
import { clockReader, steady } from "../../src/host/clock.ts";
import { bootId, thisMoment } from "../../src/host/moment.ts";
import { decodeMemory, encodeMemory } from "../../src/state/memory.ts";
import { difference, shift } from "../../src/time/timestamp.ts";
import { peersSchema } from "../../src/view/daemon-schema.ts";
import { runSchema } from "../../src/view/schema.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

const ENTRY = fileURLToPath(new URL("../../src/cli/entry.ts", import.meta.url));
const GOOD: Character = { name: "good", ahead: 0.25, stratum: 1, refid: "GPS" };
const servers: DemoServer[] = [];
let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-remembering-"));
  path = join(folder, "state.json");
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true });
});

async function serve(character: Partial<Character> = {}): Promise<string> {
  const server = await startServer({ ...GOOD, ...character }, clockReader());
  servers.push(server);
  return `127.0.0.1:${server.port}`;
}

/** A dry run that remembers. */
async function sync(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string; readonly document: any }> {
  const ran = await ntpkit(["sync", "-n", "--json", "--interval", "0.01", `--state=${path}`, ...argv]);
  return { ...ran, document: ran.out === "" ? null : JSON.parse(ran.out) };
}

const total = (document: any): number => sent(document).reduce((sum, count) => sum + count, 0);
const sent = (document: any): number[] => document.associations.map(({ packets }: any) => packets.sent);

/** What the file holds. */
function stored(): Exclude<ReturnType<typeof decodeMemory>, string> {
  const memory = decodeMemory(readFileSync(path, "utf8"));
  if (typeof memory === "string") throw new Error(`the file is ${memory}`);
  return memory;
}

/** As though the run before had been some time ago, an hour where the machine is up for as long. */
function timePasses(): void {
  const memory = stored();
  const { at } = memory.stored!;
  const by = Math.min(3600, at.steady / 2);
  const earlier = { ...at, clock: shift(at.clock, -by), steady: at.steady - by };
  writeFileSync(path, encodeMemory({ ...memory, stored: { ...memory.stored!, at: earlier } }));
}

describe("sync --state", () => {
  it("says once that its file cannot be read, though it cannot be written either", async () => {
    path = "/dev/zero";
    const { code, err } = await sync(await serve());
    expect([code, err.match(/warning: .*cannot be read \(it is a device, not a regular file\)/g)?.length]).toEqual([
      0, 1,
    ]);
  });

  it("asks each server for one packet from the second run on, and says so in its document", async () => {
    const asked = [await serve(), await serve(), await serve()];
    const first = await sync(...asked);
    expect([first.code, first.err]).toEqual([0, ""]);
    for (const count of sent(first.document)) expect(count).toBeGreaterThanOrEqual(3);
    expect(first.document.clock.frequency).toBeNull();
    // In a second nobody measures a rate.
    timePasses();
    const second = await sync(...asked);
    // On a busy machine an answer may come by a detour, and be asked for again.
    expect(total(second.document)).toBeLessThan(total(first.document));
    expect(violations(second.document, runSchema("sync"))).toEqual([]);
    expect(second.document.clock.frequency).toMatchObject({ applied: false });
    expect(stored().stored?.remembered.associations.map(({ port }) => `127.0.0.1:${port}`)).toEqual(asked);
    expect(readdirSync(folder)).toEqual(["state.json"]);
  });

  it("says with -v what it starts from", async () => {
    const server = await serve();
    await sync(server);
    const { err } = await sync("-v", server);
    expect(err).toMatch(/state\.json: 1 server remembered, .* old; 1 known by its samples\n/);
  });

  it("tells once what has changed since the last run, and nothing otherwise, with -q too", async () => {
    const liar: { -readonly [Name in keyof Character]: Character[Name] } = { ...GOOD };
    const server = await startServer(liar, clockReader());
    servers.push(server);
    const [mortal, third] = [await serve(), await serve()];
    const name = `127.0.0.1:${server.port}`;
    /** What four runs told: on a busy machine a run may end before it has seen what is new. */
    const told = async (): Promise<string> => {
      let all = "";
      for (let run = 0; run < 4; run += 1) all += (await sync("-q", "--timeout", "100ms", name, mortal, third)).err;
      return all;
    };
    expect(await told()).toBe("");
    liar.ahead = 1;
    expect(await told()).toMatch(new RegExp(`^ntpkit sync: changed: ${name}: .*; the last time it was all right\\n$`));
    liar.ahead = GOOD.ahead;
    expect(await told()).toBe(`ntpkit sync: changed: ${name}: it is all right again\n`);
    servers.splice(1, 1)[0]!.close();
    expect(await told()).toMatch(
      new RegExp(`^ntpkit sync: changed: ${mortal}: .*; the last time it was all right\\n$`),
    );
  });

  it.each([
    ["damaged", "{ half", /is not what ntpkit writes and is not used; it was put aside as .*\.corrupt-/],
    [
      "of a later version",
      '{"format":"ntpkit/state","version":9}',
      /was written by a later version of ntpkit and is not used; it was put aside as .*\.future-/,
    ],
  ])("puts a file aside that is %s, goes on, and loses nothing", async (_, text, words) => {
    writeFileSync(path, text);
    const { code, err } = await sync(await serve());
    expect([code, err]).toEqual([0, expect.stringMatching(words)]);
    const aside = readdirSync(folder).find((name) => name !== "state.json")!;
    expect(readFileSync(join(folder, aside), "utf8")).toBe(text);
    expect(stored().stored?.remembered.associations).toHaveLength(1);
  });

  it.runIf(process.geteuid?.() === 0)("neither uses nor replaces a file of another user", async () => {
    const server = await serve();
    await sync(server);
    const text = readFileSync(path, "utf8");
    chmodSync(folder, 0o1777);
    const { chownSync } = await import("node:fs");
    chownSync(path, 4711, 4711);
    const { code, err, document } = await sync(server, "-q");
    expect([code, sent(document)[0]! >= 3]).toEqual([0, true]);
    expect(err).toContain("belongs to another user and is not used");
    expect([readFileSync(path, "utf8"), statSync(path).uid]).toEqual([text, 4711]);
  });

  it("sets the clock all the same where nothing can be written", async () => {
    writeFileSync(join(folder, "in-the-way"), "");
    path = join(folder, "in-the-way", "state.json");
    const { code, err } = await sync(await serve());
    expect([code, err]).toEqual([0, expect.stringMatching(/cannot be (read|written) \(ENOTDIR\)/)]);
  });

  it("--forget drops all of it", async () => {
    const server = await serve();
    await sync(server);
    expect(sent((await sync("--forget", server)).document)[0]).toBeGreaterThanOrEqual(3);
  });

  it("keeps its servers through a run without --state, and through a run that finds nobody", async () => {
    const server = await serve();
    await sync(server);
    await ntpkit(["sync", "-n", "--interval", "0.01", server]);
    expect((await sync("--timeout", "50ms", "127.0.0.1:1")).code).toBe(10);
    expect(sent((await sync(server)).document)[0]).toBeLessThan(3);
  });

  it("takes no server for its path", async () => {
    expect(await ntpkit(["sync", "--state", "ntp1.example.net"])).toMatchObject({
      code: 64,
      err: expect.stringContaining('--state: "ntp1.example.net" is no path; write --state=./ntp1.example.net'),
    });
  });

  it("takes nothing for no path", async () => {
    expect(await ntpkit(["sync", "--state=", "192.0.2.1"])).toMatchObject({
      code: 64,
      err: expect.stringContaining("--state: no path stands behind it; write --state=PATH"),
    });
  });

  it("keeps what two runs at once have learned", async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => serve()));
    const runs = all.map((server) =>
      spawn(
        process.execPath,
        ["--import", "tsx", ENTRY, "sync", "-n", "-q", "--interval", "0.01", `--state=${path}`, server],
        { stdio: "ignore" },
      ),
    );
    await Promise.all(runs.map((run) => once(run, "close")));
    expect(
      stored()
        .stored?.remembered.associations.map(({ port }) => `127.0.0.1:${port}`)
        .toSorted(),
    ).toEqual(all.toSorted());
  });

  it("leaves a whole file wherever it is killed", async () => {
    const server = await serve();
    await sync(server);
    for (let delay = 0; delay < 8; delay += 1) {
      const run = spawn(
        process.execPath,
        ["--import", "tsx", ENTRY, "sync", "-n", "-q", "--interval", "0.01", `--state=${path}`, server],
        { stdio: "ignore" },
      );
      const before = readFileSync(path, "utf8");
      const closed = once(run, "close");
      // Killed as soon as anything about the file changes, or a little later each time.
      const watch = setInterval(() => {
        if (readdirSync(folder).length > 1 || readFileSync(path, "utf8") !== before)
          setTimeout(() => run.kill("SIGKILL"), delay);
      }, 1);
      await closed;
      clearInterval(watch);
      expect(stored().stored?.remembered.associations).toHaveLength(1);
    }
  });
});

describe("peers --state", () => {
  it("shows what is remembered, in ntpq's columns and as a document that fits its schema", async () => {
    const good = [await serve(), await serve(), await serve()];
    const liar = await serve({ ahead: 9 });
    await sync(...good, liar);
    const { code, out } = await ntpkit(["peers", "-n", `--state=${path}`]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {5}remote .*\n=+\n/);
    expect(out.match(/^[*+]127\.0\.0\.1:\d+ /gm)).toHaveLength(3);
    expect(out).toMatch(new RegExp(`^x${liar.replaceAll(".", "\\.")}\\s`, "m"));
    for (const server of good) expect(out).toContain(server);
    expect(out).toContain(`${liar}: on probation: it was a falseticker`);
    const text = await ntpkit(["peers", "--json", `--state=${path}`]);
    const document = JSON.parse(text.out);
    expect(violations(document, peersSchema())).toEqual([]);
    expect(document.hosts[0]).toMatchObject({ protocol: "state", remembered: { broken: null, kisses: [] } });
    expect(document.hosts[0].remembered.associations.map(({ probation }: any) => probation !== null)).toEqual([
      false,
      false,
      false,
      true,
    ]);
    // And the liar has no vote in the next run.
    const next = await sync(...good, liar);
    expect(next.document.system).toMatchObject({ truechimers: 3, falsetickers: 1 });
  });

  it("says that nothing is remembered, and leaves a file alone that it does not understand", async () => {
    expect(await ntpkit(["peers", `--state=${path}`])).toMatchObject({
      code: 69,
      out: "",
      err: expect.stringContaining("no servers are remembered there"),
    });
    writeFileSync(path, "{ half");
    expect(await ntpkit(["peers", `--state=${path}`])).toMatchObject({
      code: 69,
      out: "",
      err: expect.stringContaining("is not what ntpkit writes"),
    });
    expect(readdirSync(folder)).toEqual(["state.json"]);
    expect((await ntpkit(["peers", `--state=${path}`, "ntp.example.net"])).code).toBe(64);
  });
});

describe("this moment", () => {
  it("is told by clocks that go on, and names the machine's start", () => {
    const [one, other] = [thisMoment(), thisMoment()];
    expect(other.steady).toBeGreaterThanOrEqual(one.steady);
    expect(other.boot).toBe(one.boot);
    expect(one.slept).toBeGreaterThanOrEqual(0);
  });

  it("is one moment, though the process is interrupted between the readings", () => {
    const read = clockReader();
    let late = 0.02;
    const interrupted = (): ReturnType<typeof read> => {
      for (const end = steady() + late; steady() < end;);
      late = 0;
      return read();
    };
    const [one, other] = [thisMoment(read), thisMoment(interrupted)];
    const parted = difference(other.clock, one.clock) - (other.steady - one.steady);
    expect(Math.abs(parted)).toBeLessThan(0.005);
  });

  it("takes a start's name from the unit where it cannot be read, with dashes or without", () => {
    expect(bootId({}, join(folder, "none"))).toBeNull();
    expect(bootId({ NTPKIT_BOOT_ID: "ac27715d7ffb4e1f96b69b2bc5b361ed" }, join(folder, "none"))).toBe(
      "ac27715d-7ffb-4e1f-96b6-9b2bc5b361ed",
    );
    mkdirSync(join(folder, "proc"));
    writeFileSync(join(folder, "proc", "boot_id"), "ac27715d-7ffb-4e1f-96b6-9b2bc5b361ed\n");
    expect(bootId({ NTPKIT_BOOT_ID: "other" }, join(folder, "proc", "boot_id"))).toBe(
      "ac27715d-7ffb-4e1f-96b6-9b2bc5b361ed",
    );
  });
});
