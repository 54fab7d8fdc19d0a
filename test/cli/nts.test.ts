/** `--nts` from end to end: commands of this process against a server under NTS on loopback. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Certificates, type Certified } from "../support/certificates.ts";
import { ntpkit } from "../support/command.ts";
import { NtsServer, type NtsServerOptions } from "../support/nts-server.ts";

let made: Certificates;
let authority: Certified;
let good: Certified;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-nts-"));
  process.env["STATE_DIRECTORY"] = folder;
  made = new Certificates();
  authority = made.make([], { authority: true });
  good = made.make(["IP:127.0.0.1"], { by: authority });
});
afterAll(() => {
  delete process.env["STATE_DIRECTORY"];
  made.end();
  rmSync(folder, { recursive: true });
});

const servers: NtsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serverOf(options: Partial<NtsServerOptions> = {}): Promise<NtsServer> {
  const server = await NtsServer.open({ certified: good, ahead: 20, ...options });
  servers.push(server);
  return server;
}

const at = ({ port }: NtsServer, options = ""): string => `127.0.0.1:${port}${options}`;
const trusting = (): readonly string[] => ["--ca", authority.file];
const document = (text: string): { readonly associations: unknown; readonly clock: { readonly offset: number } } =>
  JSON.parse(text) as ReturnType<typeof document>;

describe("query", () => {
  it.each([
    ["--nts", (server: NtsServer) => ["--nts", at(server)]],
    ["SERVER,nts", (server: NtsServer) => [at(server, ",nts")]],
    ["--nts --port", (server: NtsServer) => ["--nts", "--port", `${server.port}`, "127.0.0.1"]],
  ])("asks under NTS, at the port that was negotiated: %s", async (_how, argv) => {
    const server = await serverOf();
    const { code, out, err } = await ntpkit(["query", "--json", ...trusting(), ...argv(server)]);
    expect([code, err]).toEqual([0, ""]);
    expect(document(out).associations).toMatchObject([
      {
        port: server.timePort,
        security: "nts",
        authentication: "ok",
        nts: { cookies: 8, attempts: 0, fault: null },
      },
    ]);
    expect(document(out).clock.offset).toBeCloseTo(20, 0);
    expect(server.asked).toEqual(["authentic"]);
  });

  it("asks as the lines of a configuration file say", async () => {
    const server = await serverOf();
    const file = join(folder, "ntp.conf");
    writeFileSync(file, `server 127.0.0.1 nts port ${server.port}\n`);
    expect((await ntpkit(["query", "-c", file, ...trusting()])).code).toBe(0);
    expect(server.asked).toEqual(["authentic"]);
  });

  it("ends with 15 and the reason where nobody trusted vouches for the server, and asks it nothing", async () => {
    const server = await serverOf();
    const { code, err } = await ntpkit(["query", "--nts", at(server)]);
    expect(code).toBe(15);
    expect(err).toContain("its certificate is signed by nobody trusted here");
    expect(err).toContain("--ca FILE");
    expect(server.asked).toEqual([]);
  });

  it("ends with 15 where the server does not know its own cookies", async () => {
    const server = await serverOf();
    const forgetting = setInterval(() => server.forgetMasters(), 1);
    const { code, err } = await ntpkit(["query", "--nts", ...trusting(), at(server)]);
    clearInterval(forgetting);
    expect(code).toBe(15);
    expect(err).toContain("NTS NAK");
    expect(new Set(server.asked)).toEqual(new Set(["nak"]));
  });

  it("ends with 10 where nobody establishes keys", async () => {
    const server = await serverOf();
    const place = at(server);
    for (const one of servers.splice(0)) await one.close();
    const { code, err } = await ntpkit(["query", "--nts", place]);
    expect(code).toBe(10);
    expect(err).toContain("nobody establishes keys there");
  });

  it("tells with -v what happens, in the order in which it does", async () => {
    const server = await serverOf();
    const { err } = await ntpkit(["query", "--nts", "-v", ...trusting(), at(server)]);
    const told = ["establishing keys with 127.0.0.1", "keys are established: 8 cookies", "asked", "offset"];
    const places = told.map((words) => err.indexOf(words));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places.toSorted((one, other) => one - other)).toEqual(places);
  });
});

describe("keys that a run has left", () => {
  const ask = (server: NtsServer, ...more: readonly string[]) =>
    ntpkit(["query", "--nts", "--json", ...trusting(), ...more, at(server)]);
  const ntsOf = ({ out }: { readonly out: string }): unknown =>
    (document(out).associations as readonly { readonly nts: unknown }[])[0]!.nts;

  it("are the next one's, which shakes no hands and sends no cookie that was sent before", async () => {
    const server = await serverOf();
    const first = await ask(server);
    const second = await ask(server);
    expect([first.code, second.code, server.handshakes]).toEqual([0, 0, 1]);
    expect(ntsOf(first)).toMatchObject({ kept: false, cookies: 8 });
    expect(ntsOf(second)).toMatchObject({ kept: true, cookies: 8, attempts: 0 });
    expect(server.asked).toEqual(["authentic", "authentic"]);
    expect(new Set(server.cookies).size).toBe(2);
    expect(statSync(join(folder, "state.json")).mode & 0o777).toBe(0o600);
  });

  it("are one run's of several at once; the others shake hands", async () => {
    const server = await serverOf();
    await ask(server);
    const together = await Promise.all(Array.from({ length: 4 }, () => ask(server)));
    expect(together.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(server.handshakes).toBe(4);
    expect(new Set(server.cookies).size).toBe(server.cookies.length);
  });

  it("are given up for new ones where the server knows them no more", async () => {
    const server = await serverOf();
    await ask(server);
    server.forgetMasters();
    const { code, out } = await ask(server);
    expect(code).toBe(0);
    expect(ntsOf({ out })).toMatchObject({ kept: false });
    expect([server.handshakes, server.asked]).toEqual([2, ["authentic", "nak", "authentic"]]);
  });

  it("are given up for new ones where nobody answers at the port that they are for", async () => {
    const server = await serverOf();
    await ask(server);
    await server.moveTime();
    const { code } = await ask(server);
    expect([code, server.handshakes]).toEqual([0, 2]);
  });

  it("are nothing to a run that trusts others, which asks by none of them", async () => {
    const server = await serverOf();
    await ask(server);
    const { code } = await ntpkit(["query", "--nts", at(server)]);
    expect([code, server.asked]).toEqual([15, ["authentic"]]);
  });

  it("are forgotten with --forget", async () => {
    const server = await serverOf();
    await ask(server);
    await ask(server, "--forget");
    expect(server.handshakes).toBe(2);
  });
});

describe("sync and check", () => {
  it("ask under NTS, too", async () => {
    const server = await serverOf({ ahead: 0 });
    const sync = await ntpkit(["sync", "-n", "--nts", "--samples", "1", ...trusting(), at(server)]);
    expect([sync.code, sync.err]).toEqual([0, ""]);
    const check = await ntpkit(["check", "--nts", "-w", "5", "-c", "10", ...trusting(), at(server)]);
    expect([check.code, check.out.slice(0, 6)]).toEqual([0, "NTP OK"]);
    expect(server.asked).toEqual(["authentic", "authentic"]);
  });

  it.each([
    [["--certificate", "14:,7:"], 0, "OK"],
    [["--certificate", "40:,7:"], 1, "WARNING"],
    [["--certificate", "60:,40:"], 2, "CRITICAL"],
    [[], 0, "OK"],
  ])("tells in a check for how many days the certificate is good: %j", async (argv, code, status) => {
    const server = await serverOf({ ahead: 0 });
    for (let run = 0; run < 2; run += 1) {
      const check = await ntpkit(["check", "--nts", ...argv, ...trusting(), at(server)]);
      expect(check.code).toBe(code);
      expect(check.out).toMatch(new RegExp(`^NTP ${status}: Offset .*, certificate=29 days\\|.* certificate=29;`));
    }
    expect(server.handshakes).toBe(1);
  });

  it("judges a certificate by the time that was measured, and calls one critical that nobody has shown", async () => {
    const days = await serverOf({ ahead: 5 * 86_400 });
    const { out } = await ntpkit(["check", "--nts", ...trusting(), at(days)]);
    expect(out).toContain("certificate=24 days");
    const plain = await ntpkit([
      "check",
      "-w",
      "1e9",
      "-c",
      "1e9",
      "--certificate",
      "7:,1:",
      `127.0.0.1:${days.timePort}`,
    ]);
    expect([plain.code, plain.out]).toEqual([2, expect.stringContaining("certificate=unknown")]);
  });

  it("are CRITICAL in a check whose server has an expired certificate, and say since when", async () => {
    const server = await serverOf({ certified: made.make(["IP:127.0.0.1"], { by: authority, from: -9, until: -2 }) });
    const { code, out } = await ntpkit(["check", "--nts", ...trusting(), at(server)]);
    expect(code).toBe(2);
    expect(out).toContain("its certificate has expired (it was valid until 20");
  });
});

describe("--nts-bootstrap", () => {
  const DAYS = 86_400;
  const asking = (servers: readonly NtsServer[], ...more: readonly string[]) =>
    ntpkit(["query", "--nts", "--json", ...trusting(), ...more, ...servers.map((server) => at(server))]);
  const certified = (from: number, until: number): Certified =>
    made.make(["IP:127.0.0.1"], { by: authority, from, until });
  const serversOf = (certificate: Certified, aheads: readonly number[]): Promise<readonly NtsServer[]> =>
    Promise.all(aheads.map((ahead) => serverOf({ certified: certificate, ahead })));

  it("takes the time of two that agree, and judges their certificates by it", async () => {
    const servers = await serversOf(certified(5, 15), [10 * DAYS, 10 * DAYS]);
    expect((await asking(servers)).code).toBe(15);
    const { code, out, err } = await asking(servers, "--nts-bootstrap");
    expect([code, Math.round(document(out).clock.offset / DAYS)]).toEqual([0, 10]);
    expect(err).toContain("warning: --nts-bootstrap");
  });

  it("takes no time from one alone", async () => {
    const servers = await serversOf(certified(5, 15), [10 * DAYS]);
    const { code, out } = await asking(servers, "--nts-bootstrap");
    expect([code, document(out).clock.offset]).toEqual([12, null]);
  });

  it.each([
    ["have expired by the time that they tell", 5, 15, 20 * DAYS, "expired"],
    ["are not valid yet by it", 5, 15, 2 * DAYS, "notYetValid"],
    ["expired long ago, by every clock", -9, -2, 0, "expired"],
  ])("takes no time from servers whose certificates %s", async (_what, from, until, ahead, why) => {
    const servers = await serversOf(certified(from, until), [ahead, ahead]);
    const { code, out } = await asking(servers, "--nts-bootstrap");
    expect(code).toBe(15);
    expect(document(out).associations).toMatchObject([1, 2].map(() => ({ nts: { fault: { name: why } } })));
  });

  it("is outvoted by nobody whose certificate was stolen after it had expired", async () => {
    const old = await serversOf(certified(-9, -2), [-5 * DAYS, 0]);
    const fresh = await serversOf(certified(-1, 30), [0, 0]);
    const { code, out } = await asking([...old, ...fresh], "--nts-bootstrap");
    expect([code, Math.round(Math.abs(document(out).clock.offset) / DAYS)]).toEqual([0, 0]);
    expect(document(out).associations).toMatchObject([{}, { nts: { fault: { name: "expired" } } }, {}, {}]);
  });

  it("asks nothing of those whom nobody trusted vouches for, or who are somebody else", async () => {
    for (const certificate of [
      made.make(["IP:127.0.0.1"], { from: -9, until: -2 }),
      made.make(["IP:127.0.0.2"], { by: authority, from: -9, until: -2 }),
    ]) {
      const servers = await serversOf(certificate, [0, 0]);
      expect((await asking(servers, "--nts-bootstrap")).code).toBe(15);
      expect(servers.flatMap(({ asked }) => asked)).toEqual([]);
    }
  });

  it("wants every server under NTS, and leaves no keys to runs without it", async () => {
    expect(await ntpkit(["query", "--nts-bootstrap", "127.0.0.1:1,nts", "127.0.0.1:2"])).toMatchObject({
      code: 64,
      err: expect.stringContaining("127.0.0.1 is not asked under NTS"),
    });
    const servers = await serversOf(certified(-1, 30), [0, 0]);
    await asking(servers, "--nts-bootstrap");
    await asking(servers);
    expect(servers.map(({ handshakes }) => handshakes)).toEqual([2, 2]);
  });

  it("is what a clock that was never set is told of, where a certificate is not valid yet", async () => {
    const [server] = await serversOf(certified(5, 15), [0]);
    const now = Date.now;
    Date.now = () => Date.UTC(1970, 0, 1, 0, 5);
    try {
      const { err, code } = await ntpkit(["query", "--nts", ...trusting(), at(server!)]);
      expect(code).toBe(15);
      expect(err).toContain("before this ntpkit was made: the clock is wrong");
    } finally {
      Date.now = now;
    }
  });
});

describe("mistakes", () => {
  it.each([
    [["--ca", "/nowhere"], "--ca: /nowhere cannot be read: no such file or directory"],
    [["--ca", "/proc/self/status"], "--ca: /proc/self/status has no certificate in it"],
    [["--key", "1"], "--nts"],
  ])("are told in one line: %j", async (argv, words) => {
    const { code, err } = await ntpkit(["query", "--nts", ...argv, "127.0.0.1:1"]);
    expect(code).toBe(64);
    expect(err).toContain(words);
    expect(err.trim().split("\n")).toHaveLength(1);
  });
});
