/** `openClock` against servers on loopback: opened, read, waited for, watched and closed. What it tells is held to the truth in `scenarios/own-clock.test.ts`. */
import { afterEach, describe, expect, it } from "vitest";
import { startServer, type Character, type DemoServer } from "../../src/cli/demo/server.ts";
import { clockReader } from "../../src/host/clock.ts";
import { ClockError, openClock, UsageError, type ClockChange } from "../../src/index.ts";

/** By how much the servers are ahead of this machine's clock, nanoseconds. */
const AHEAD = 250_000_000n;

const servers: DemoServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(character: Partial<Character> = {}): Promise<string> {
  const server = await startServer(
    { name: "good", ahead: Number(AHEAD) / 1e9, stratum: 1, refid: "GPS", ...character },
    clockReader(),
  );
  servers.push(server);
  return `127.0.0.1:${server.port}`;
}

/** What the servers would say it is, as this machine's clock tells it, milliseconds true. */
function truth(): bigint {
  return BigInt(Date.now()) * 1_000_000n + AHEAD;
}

describe("a clock", () => {
  it("is open once a majority agrees, and tells the servers' time within its bound", async () => {
    await using clock = await openClock([await serve(), await serve(), await serve()]);
    expect(clock.synchronized).toBe(true);
    const before = truth();
    const { earliest, latest, best } = clock.now();
    const after = truth() + 1_000_000n;
    expect(earliest <= best && best <= latest).toBe(true);
    expect(earliest <= after && latest >= before).toBe(true);
  });

  it("never runs back, whatever becomes of it meanwhile", async () => {
    await using clock = await openClock(await serve());
    let last = 0n;
    for (let count = 0; count < 20_000; count += 1) {
      const { best } = clock.now();
      expect(best >= last).toBe(true);
      last = best;
      if (count % 1000 === 0) await new Promise((done) => setTimeout(done, 5));
    }
  });

  it("waits until a moment has passed for everybody", async () => {
    await using clock = await openClock(await serve());
    const { latest } = clock.now();
    await clock.past(latest);
    expect(clock.now().earliest > latest).toBe(true);
    await clock.past(0n);
    await expect(clock.past(5 as unknown as bigint)).rejects.toBeInstanceOf(UsageError);
    const aborted = clock.past(latest + 3_600_000_000_000n, { signal: AbortSignal.timeout(10) });
    await expect(aborted).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("tells what becomes of it, until it is closed", async () => {
    const clock = await openClock(await serve(), { wait: false });
    expect(() => clock.now()).toThrow(expect.objectContaining({ name: "ClockError", code: "unsynchronized" }));
    const changes: ClockChange[] = [];
    for await (const change of clock) {
      changes.push(change);
      if (change.kind === "synchronized") clock.close();
    }
    expect(changes).toEqual([{ kind: "synchronized", source: "127.0.0.1", uncertainty: expect.any(Number) as number }]);
    expect(() => clock.now()).toThrow(ClockError);
    await expect(clock.past(0n)).rejects.toMatchObject({ code: "closed" });
    await clock[Symbol.asyncDispose]();
  });

  it("is not opened where nobody answers, or nobody agrees, and says why", async () => {
    await expect(openClock("127.0.0.1:1", { deadline: 1.5 })).rejects.toMatchObject({
      name: "ClockError",
      code: "no-reply",
    });
    const [one, other] = [await serve(), await serve({ ahead: 5 })];
    await expect(openClock([one, other], { deadline: 1.5 })).rejects.toMatchObject({
      name: "ClockError",
      code: "no-agreement",
    });
  });

  it("closes with its signal", async () => {
    const controller = new AbortController();
    const clock = await openClock(await serve(), { signal: controller.signal });
    controller.abort();
    expect(() => clock.now()).toThrow(expect.objectContaining({ code: "closed" }));
    await expect(openClock("127.0.0.1:1", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
  });

  it.each([["at once"], ["while servers are asked"]])(
    "is not opened when its signal comes %s, and says why",
    async (when) => {
      const controller = new AbortController();
      const opening = openClock("192.0.2.1:9", { signal: controller.signal, deadline: 3 });
      if (when === "at once") controller.abort(new Error("no longer wanted"));
      else setTimeout(() => controller.abort(new Error("no longer wanted")), 200);
      await expect(opening).rejects.toThrow("no longer wanted");
    },
  );

  it.each([
    [{ samples: 4 }, 'openClock: there is no setting "samples"'],
    [{ dedline: 4 }, 'openClock: there is no setting "dedline"'],
    [{ wait: 4 }, "wait: 4 is not true or false"],
    [{ timeout: "1s" }, 'timeout: "1s" is not a number of seconds, from 0.001 to 300'],
  ])("refuses the settings %j by name", async (settings, message) => {
    await expect(openClock("127.0.0.1:1", settings as object)).rejects.toThrow(expect.objectContaining({ message }));
    await expect(openClock("127.0.0.1:1", settings as object)).rejects.toBeInstanceOf(UsageError);
  });
});
