/** `now`, by daemons and servers on loopback and by a kernel of the test's own. */
import { afterEach, describe, expect, it } from "vitest";
import { placeOf } from "../../src/cli/asking.ts";
import type { Io } from "../../src/cli/io.ts";
import { runNow } from "../../src/cli/now.ts";
import type { KernelStatus } from "../../src/host/kernel.ts";
import { fromUnix, shift } from "../../src/time/timestamp.ts";
import { nowSchema, type NowDocument } from "../../src/view/now-document.ts";
import {
  listening,
  mode6Only,
  ntpOnly,
  observation,
  observed,
  observedText,
  recordedChronyd,
  silence,
} from "../support/asked.ts";
import { ntpkit, type Ran } from "../support/command.ts";
import { violations } from "../support/schema.ts";
import { tellingDaemon } from "../support/told.ts";

afterEach(silence);

/** What this machine's clock reads, as mode 6 writes it. */
function clockText(ahead = 0): string {
  const text = shift(fromUnix(BigInt(Date.now()) * 1_000_000n), ahead)
    .toString(16)
    .padStart(16, "0");
  return `0x${text.slice(0, 8)}.${text.slice(8)}`;
}

/** An ntpd whose clock is so far ahead of ours. */
const ntpd = (ahead = 0, more = "leap=0, stratum=2"): Promise<string> =>
  listening((bytes) =>
    tellingDaemon({
      system: `version="ntpd 4.2.8", ${more}, refid=192.0.2.1, rootdelay=20.000, rootdisp=5.000, offset=0.500, peer=0, clock=${clockText(ahead)}`,
    })(bytes),
  );
const server = (ahead = 0): Promise<string> => listening(ntpOnly({ stratum: 1, refid: 0x47505300, ahead }));

function documentOf(ran: Ran): NowDocument {
  const document = JSON.parse(ran.out) as NowDocument;
  expect([violations(document, nowSchema()), document.exitCode]).toEqual([[], ran.code]);
  return document;
}

/** The local clock lies so far from an instant, seconds. */
function sinceNow(iso: string | null): number {
  return (Date.parse(iso!) - Date.now()) / 1000;
}

describe("now by a daemon", () => {
  it("gives ntpd's bound round the clock", async () => {
    const at = await ntpd();
    const { best, earliest, latest, uncertainty, ...rest } = documentOf(
      await ntpkit(["now", "--json", "--daemon", at]),
    );
    expect(rest).toMatchObject({ ok: true, source: "mode6", daemon: "ntpd 4.2.8", via: at, synchronized: true });
    expect(uncertainty).toBeGreaterThan(0.015);
    expect(Math.abs(sinceNow(best))).toBeLessThan(5);
    expect([earliest! < best!, best! < latest!]).toEqual([true, true]);
    expect(best).toMatch(/\.\d{9}Z$/);
  });

  it("goes by the clock that the daemon tells where that is another", async () => {
    const { offset, source } = documentOf(await ntpkit(["now", "--json", "--daemon", await ntpd(3600)]));
    expect([source, Math.round(offset!)]).toEqual(["mode6", 3600]);
  });

  it("says so in words", async () => {
    const { code, out, err } = await ntpkit(["now", "--daemon", await ntpd()]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^\d{4}-.+\.\d{9}Z ± \d.+ ms\nearliest .+Z\nlatest {3}.+Z\nthe local clock is .+ by this\nfrom ntpd 4\.2\.8 at 127\.0\.0\.1:\d+, by mode 6\n$/,
    );
    expect(await ntpkit(["now", "-q", "--daemon", await ntpd()])).toEqual({ code: 0, out: "", err: "" });
  });

  it("knows ntpd-rs by its socket, and chronyd", async () => {
    const path = await observed([observation(observedText("1.9"))]);
    expect(documentOf(await ntpkit(["now", "--json", "--daemon", path]))).toMatchObject({
      source: "observe",
      via: path,
    });
    const chronyd = await listening(recordedChronyd());
    const told = documentOf(await ntpkit(["now", "--json", "--daemon", chronyd]));
    expect([told.ok, told.source ?? told.error?.code]).toEqual(told.ok ? [true, "cmdmon"] : [false, "no-agreement"]);
  });

  it("ends with 12 where the daemon follows nobody, 69 where it speaks no protocol, 10 where none is", async () => {
    const unset = await ntpkit(["now", "--json", "--daemon", await ntpd(0, "leap=3, stratum=16")]);
    expect(documentOf(unset)).toMatchObject({ ok: false, exitCode: 12, best: null, daemon: "ntpd 4.2.8" });
    const quick = ["--timeout", "50ms"];
    expect((await ntpkit(["now", ...quick, "--daemon", await server()])).code).toBe(69);
    expect((await ntpkit(["now", ...quick, "--daemon", await listening(() => [])])).code).toBe(10);
    expect((await ntpkit(["now", "--daemon", "127.0.0.1", "192.0.2.1"])).code).toBe(64);
  });

  it("waits for the bound, and says with 17 what it came to", async () => {
    let distance = 50;
    const better = await listening((bytes) => {
      const system = `leap=0, stratum=2, refid=192.0.2.1, rootdelay=1.000, rootdisp=${distance}.000, offset=0.000, peer=0`;
      // It is asked for its associations first, and then for this.
      if (bytes[1] === 2) distance = Math.max(1, distance - 49);
      return tellingDaemon({ system })(bytes);
    });
    const waited = documentOf(await ntpkit(["now", "--json", "--wait", "5ms", "--daemon", better]));
    expect([waited.ok, waited.uncertainty! <= 0.005]).toEqual([true, true]);
    const late = await ntpkit(["now", "--json", "--wait", "1ms", "--deadline", "200ms", "--daemon", await ntpd()]);
    expect(documentOf(late)).toMatchObject({ ok: false, exitCode: 17, source: "mode6" });
    expect(late.err).toMatch(/not yet within 1\.00 ms: the time is known to ± \d+\.\d+ ms; --deadline waits longer/);
  });
});

describe("now by servers", () => {
  it("gives where the intervals of most overlap, whoever lies", async () => {
    const servers = [await server(), await server(), await server(), await server(60)];
    const { source, offset, uncertainty } = documentOf(
      await ntpkit(["now", "--json", "--timeout", "200ms", ...servers]),
    );
    expect(source).toBe("servers");
    expect(Math.abs(offset!)).toBeLessThan(1);
    expect(uncertainty).toBeLessThan(1);
  });

  it("ends as query does where nobody can tell", async () => {
    const quick = ["--timeout", "50ms"];
    const silent = await listening(() => []);
    expect(documentOf(await ntpkit(["now", "--json", ...quick, silent]))).toMatchObject({ exitCode: 10, best: null });
    const two = await ntpkit(["now", "--json", ...quick, await server(), await server(60)]);
    expect(documentOf(two)).toMatchObject({ exitCode: 12, earliest: null });
    expect((await ntpkit(["now", "a:0"])).code).toBe(64);
    expect((await ntpkit(["now", "--wait", "0", silent])).code).toBe(64);
  });

  it("ends early where the bound is reached", async () => {
    const began = performance.now();
    const waited = await ntpkit([
      "now",
      "--json",
      "--wait",
      "500ms",
      "--deadline",
      "20s",
      await server(),
      await server(),
    ]);
    expect(documentOf(waited)).toMatchObject({ ok: true, source: "servers" });
    // Eight requests would have taken fourteen seconds.
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("ends with 17 where it is not", async () => {
    const late = await ntpkit(["now", "--json", "--wait", "1ns", "--deadline", "1s", await server()]);
    expect(documentOf(late)).toMatchObject({ exitCode: 17, source: "servers" });
  });

  it("ends by a signal", async () => {
    const ran = await ntpkit(["now", "--wait", "1ns", await listening(() => [])], { signal: "SIGINT" });
    expect(ran.code).toBe(130);
  });
});

describe("now by the kernel", () => {
  const good: KernelStatus = { synchronized: true, offset: 0, maximumError: 0.01, estimatedError: 0.001 };

  async function byKernel(status: KernelStatus | null, options: { wait?: number; deadline?: number } = {}) {
    let out = "";
    const io: Io = {
      out: { write: (text) => void (out += text), isTerminal: false, columns: null },
      err: { write: () => {}, isTerminal: false, columns: null },
      env: {},
      onStop: () => () => {},
    };
    const here = { place: placeOf(await listening(() => [])), kernel: () => status };
    const code = await runNow([], { color: false, json: true, timeout: 0.05, ...options }, io, here);
    return documentOf({ code, out, err: "" });
  }

  it("gives its maximum error where no daemon answers", async () => {
    const { source, uncertainty } = await byKernel(good);
    expect([source, uncertainty! >= 0.01 && uncertainty! < 0.1]).toEqual(["kernel", true]);
  });

  it("ends with 12 where it is not synchronized, 69 where it was told nothing or cannot be asked", async () => {
    expect((await byKernel({ ...good, synchronized: false })).exitCode).toBe(12);
    expect((await byKernel({ ...good, estimatedError: 0 })).exitCode).toBe(69);
    expect((await byKernel(null)).exitCode).toBe(69);
    expect((await byKernel({ ...good, synchronized: false }, { wait: 0.1, deadline: 0.3 })).exitCode).toBe(17);
  });
});

it("now answers nobody's garbage with an instant", async () => {
  const garbage = await listening(mode6Only((bytes) => [bytes, Uint8Array.from({ length: 40 }, (_, index) => index)]));
  const ran = await ntpkit(["now", "--json", "--timeout", "50ms", "--daemon", garbage]);
  expect(documentOf(ran)).toMatchObject({ ok: false, best: null });
});
