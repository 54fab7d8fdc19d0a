/** `ntpkit nts`, the doctor: what it finds of servers on loopback that are well, and of those that are not. */
import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { createServer } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ntsSchema, type NtsDocument } from "../../src/view/nts-document.ts";
import { Certificates, type Certified } from "../support/certificates.ts";
import { ntpkit, type CommandOptions, type Ran } from "../support/command.ts";
import { NtsServer, type NtsServerOptions } from "../support/nts-server.ts";
import { violations } from "../support/schema.ts";

let made: Certificates;
let authority: Certified;
let good: Certified;
beforeAll(() => {
  made = new Certificates();
  authority = made.make([], { authority: true });
  good = made.make(["DNS:localhost"], { by: authority });
});
afterAll(() => made.end());

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function serverOf(options: Partial<NtsServerOptions> = {}): Promise<NtsServer> {
  const server = await NtsServer.open({ certified: good, ...options });
  ends.push(() => server.close());
  return server;
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  ends.push(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const examine = (port: number, more: readonly string[] = [], options?: CommandOptions): Promise<Ran> =>
  ntpkit(["nts", "-4", "--ca", authority.file, ...more, `localhost:${port}`], options);

/** The document, which is as its schema says, and the first step that failed. */
async function found(port: number, more: readonly string[] = []) {
  const { code, out } = await examine(port, ["--json", ...more]);
  const document = JSON.parse(out) as NtsDocument;
  expect(violations(document, ntsSchema())).toEqual([]);
  expect(document.exitCode).toBe(code);
  const failed = document.steps.filter(({ ok }) => !ok);
  expect(failed.every(({ advice }) => advice !== null && /[.?]$/.test(advice))).toBe(true);
  return { code, document, failed: failed.map(({ name }) => name), first: failed[0] };
}

const STEPS = "dns tcp tls alpn certificate records aeads cookies udp placeholders nak reuse".split(" ");

describe("of a server that is well", () => {
  it("every step is, and what it grants is told", async () => {
    const { code, document } = await found((await serverOf()).port);
    expect([code, document.ok, document.steps.map(({ name }) => name)]).toEqual([0, true, STEPS]);
    expect(document).toMatchObject({ tls: "TLSv1.3", expires: 29, cookies: Array.from({ length: 8 }, () => 104) });
    expect(document.aeads.map(({ id, taken }) => [id, taken])).toEqual([15, 16, 17, 30].map((id) => [id, true]));
    expect(document.sizes.map(({ placeholders, answered }) => [placeholders, answered])).toEqual([
      [0, true],
      [7, true],
    ]);
    expect(Math.abs(document.offset!)).toBeLessThan(1);
  });

  it.each([
    ["piped", {}, 80],
    ["on 60 columns", { columns: 60 }, 60],
    ["in plain ASCII", { env: { LC_ALL: "C" } }, 80],
  ] as const)("lines fit: %s", async (_where, options, columns) => {
    const { code, out, err } = await examine((await serverOf()).port, [], options);
    expect([code, err]).toEqual([0, ""]);
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(STEPS.length);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    if ("env" in options) expect(out).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it("-q says nothing", async () => {
    expect(await examine((await serverOf()).port, ["-q"])).toEqual({ code: 0, out: "", err: "" });
  });
});

describe("a certificate", () => {
  it.each([
    ["that has expired", { from: -9, until: -2 }, {}, "expired by the time measured"],
    ["that is not valid yet", { from: 2 }, {}, "not valid yet by the time measured"],
    ["that is good, and the clock is behind", { from: 2 }, { ahead: 4 * 86_400 }, "which is 4 d behind"],
    ["that is good, and the clock is ahead", { from: -9, until: -2 }, { ahead: -4 * 86_400 }, "which is 4 d ahead"],
    ["that is not, by its server's own time", {}, { ahead: 90 * 86_400 }, "expired by the time measured"],
  ])("%s fails alone, and the rest is examined", async (_what, certificate, server, words) => {
    const certified = made.make(["DNS:localhost"], { by: authority, ...certificate });
    const { code, failed, first, document } = await found((await serverOf({ certified, ...server })).port);
    expect([code, failed, document.steps.length]).toEqual([15, ["certificate"], STEPS.length]);
    expect(first!.detail).toContain(words);
  });

  it.each([
    ["for another name", () => made.make(["DNS:other.example"], { by: authority }), "it is for other.example"],
    [
      "for another name that has expired, too",
      () => made.make(["DNS:other.example"], { by: authority, from: -9, until: -2 }),
      "it is for other.example",
    ],
    ["signed by itself", () => made.make(["DNS:localhost"]), "signed by itself alone"],
    [
      "signed by itself that has expired, too",
      () => made.make(["DNS:localhost"], { from: -9, until: -2 }),
      "signed by itself alone",
    ],
    [
      "by nobody trusted",
      () => made.make(["DNS:localhost"], { by: made.make([], { authority: true }) }),
      "nobody trusted",
    ],
    [
      "by nobody trusted that has expired, too",
      () => made.make(["DNS:localhost"], { by: made.make([], { authority: true }), from: -9, until: -2 }),
      "nobody trusted",
    ],
    [
      "by somebody who may not sign, and expired",
      () => made.make(["DNS:localhost"], { by: good, from: -9, until: -2 }),
      "nobody trusted",
    ],
  ])("%s ends the examination", async (_what, make, words) => {
    const server = await serverOf({ certified: make() });
    const { code, failed, first } = await found(server.port);
    expect([code, failed, server.asked]).toEqual([15, ["certificate"], []]);
    expect(first!.detail).toContain(words);
  });

  it("is advised to be renewed in its last week", async () => {
    const certified = made.make(["DNS:localhost"], { by: authority, until: 3 });
    const { code, document } = await found((await serverOf({ certified })).port);
    const { ok, advice } = document.steps.find(({ name }) => name === "certificate")!;
    expect([code, ok, document.expires]).toEqual([0, true, 2]);
    expect(advice).toContain("renew");
  });

  it("is taken by its pin, and no other is", async () => {
    const certified = made.make(["DNS:localhost"]);
    const { port } = await serverOf({ certified });
    const pin = (await found(port)).document.certificates[0]!.fingerprint;
    expect(await found(port, ["--pin", pin])).toMatchObject({ code: 0 });
    const other = await found((await serverOf()).port, ["--pin", pin]);
    expect([other.code, other.failed, other.first!.detail]).toEqual([
      15,
      ["certificate"],
      expect.stringContaining("pinned"),
    ]);
  });
});

describe("who is no server under NTS", () => {
  it("has no name", async () => {
    const { code, out } = await ntpkit(["nts", "--json", "nowhere.invalid"]);
    const { steps } = JSON.parse(out) as NtsDocument;
    expect([code, steps.map(({ name, ok }) => [name, ok])]).toEqual([11, [["dns", false]]]);
  });

  it("does not listen", async () => {
    const server = await serverOf();
    const { port } = server;
    for (const end of ends.splice(0)) await end();
    expect(await found(port)).toMatchObject({ code: 10, failed: ["tcp"] });
  });

  it("speaks no TLS", async () => {
    const port = await portOf(createTcpServer((connection) => connection.end("220 hello\r\n")));
    expect(await found(port)).toMatchObject({ code: 15, failed: ["tls"] });
  });

  it("speaks TLS 1.2 at best", async () => {
    const { port } = await serverOf({ tls: { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } });
    expect(await found(port)).toMatchObject({ code: 15, failed: ["tls"] });
  });

  it("speaks TLS, and something else in it", async () => {
    const { certificate: cert, key } = good;
    const port = await portOf(createServer({ cert, key }));
    expect(await found(port)).toMatchObject({ code: 15, failed: ["alpn"] });
  });

  it("answers with an error", async () => {
    const octets = Uint8Array.of(0x80, 2, 0, 2, 0, 1, 0x80, 0, 0, 0);
    const { port } = await serverOf({ says: { kind: "octets", octets, after: "end" } });
    expect(await found(port)).toMatchObject({ code: 15, failed: ["records"] });
  });
});

describe("the way to the time", () => {
  it("is blocked", async () => {
    const { code, failed, first } = await found((await serverOf({ longest: 0 })).port);
    expect([code, failed, first!.detail]).toEqual([10, ["udp"], expect.stringContaining("nor to plain NTP")]);
  });

  it("has no room for a cookie, but for plain NTP", async () => {
    const { code, failed, first } = await found((await serverOf({ longest: 100 })).port);
    expect([code, failed]).toEqual([10, ["udp"]]);
    expect(first!.detail).toContain("but to 48 octets of plain NTP");
  });

  it("has no room for a cookie of AES-SIV, but for one of AES-128-GCM-SIV", async () => {
    const { code, failed, first } = await found((await serverOf({ longest: 210 })).port);
    expect([code, failed]).toEqual([10, ["udp"]]);
    expect(first!.detail).toContain("under AES-128-GCM-SIV");
  });

  it("has room for some placeholders, and how many is found", async () => {
    const { code, failed, first, document } = await found((await serverOf({ longest: 500 })).port);
    expect([code, failed]).toEqual([10, ["placeholders"]]);
    expect(first!.detail).toContain("2 placeholders at most");
    expect(
      Math.max(...document.sizes.filter(({ answered }) => answered).map(({ octets }) => octets)),
    ).toBeLessThanOrEqual(500);
  });

  it("ends at somebody who knows none of the cookies, or says nothing to them", async () => {
    const server = await serverOf();
    const forgetting = setInterval(() => server.forgetMasters(), 1);
    const { code, failed, first } = await found(server.port);
    clearInterval(forgetting);
    expect([code, failed, first!.detail]).toEqual([15, ["udp"], "it answers NTS NAK"]);
    const mute = (await found((await serverOf({ mute: true })).port)).document;
    expect(mute.steps.find(({ name }) => name === "nak")).toMatchObject({ ok: true, advice: expect.any(String) });
  });
});

describe("cut off by its deadline", () => {
  it("shows what was over by then: a connection that nothing came of", async () => {
    const port = await portOf(createTcpServer((socket) => void socket.on("error", () => undefined)));
    const { code, document } = await found(port, ["--deadline", "300ms"]);
    expect([code, document.steps.map(({ name, ok }) => [name, ok])]).toEqual([
      17,
      [
        ["dns", true],
        ["tcp", true],
      ],
    ]);
  });

  it("shows what was over by then: a handshake whose answer did not come", async () => {
    const server = await serverOf({ says: { kind: "octets", octets: new Uint8Array(0), after: "wait" } });
    const { code, document } = await found(server.port, ["--deadline", "700ms"]);
    expect([code, document.steps.map(({ name }) => name)]).toEqual([17, ["dns", "tcp", "tls", "alpn"]]);
    expect([document.address, document.tls, document.certificates.length]).toEqual(["127.0.0.1", "TLSv1.3", 1]);
  });
});

it("ends with 11 where the server that is named has no address", async () => {
  const server = await serverOf({ says: { kind: "grant", change: { server: "nowhere.invalid" } } });
  const { code, first } = await found(server.port);
  expect([code, first!.name, first!.detail]).toEqual([11, "udp", "nowhere.invalid has no address"]);
});

it("has its deadline", async () => {
  const port = await portOf(createTcpServer(() => {}));
  const { code, err } = await examine(port, ["--deadline", "200ms"]);
  expect([code, err]).toEqual([17, expect.stringContaining("the deadline passed")]);
});

it.each([
  [["nts"], "host"],
  [["nts", "--pin", "1234", "localhost"], '--pin: "1234" is no SHA-256'],
])("mistakes are one line: %j", async (argv, words) => {
  const { code, err } = await ntpkit(argv);
  expect([code, err.trim().split("\n").length]).toEqual([64, 1]);
  expect(err).toContain(words);
});
