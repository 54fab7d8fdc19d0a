/** Key establishment over real TLS on loopback: with whom there are keys, and what is said of everybody else (RFC 8915 §3, §4). */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { HandshakeToken } from "../../src/engine/port/action.ts";
import type { Event } from "../../src/engine/port/event.ts";
import { establishKeys, SYSTEM_TRUST } from "../../src/host/establish.ts";
import { AEADS } from "../../src/security/nts/aead.ts";
import { KE_RECORDS, encodeKeMessage, encodeNumbers, type KeRecord } from "../../src/wire/ntske.ts";
import { Certificates, type Certified } from "../support/certificates.ts";
import { NtsServer, type NtsServerOptions, type Said } from "../support/nts-server.ts";

const TOKEN = 7 as HandshakeToken;
const NAMES = ["DNS:localhost", "IP:127.0.0.1"];

let made: Certificates;
let authority: Certified;
let good: Certified;
beforeAll(() => {
  made = new Certificates();
  authority = made.make([], { authority: true });
  good = made.make(NAMES, { by: authority });
});
afterAll(() => made.end());

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serverOf(options: Partial<NtsServerOptions> = {}): Promise<NtsServer> {
  const server = await NtsServer.open({ certified: good, ...options });
  closing.push(() => server.close());
  return server;
}

/** What comes of asking for keys. */
function establish(port: number, name = "localhost", ca: readonly Certified[] = [authority]): Promise<Event> {
  const by = establishKeys({ ...SYSTEM_TRUST, ca: ca.map(({ certificate }) => certificate) });
  return new Promise((done) => {
    by(
      { kind: "establish", token: TOKEN, name, with: { ip: "127.0.0.1", port }, kept: false, shortest: false },
      new AbortController().signal,
      done,
    );
  });
}

const failed = (why: string, detail: unknown = null): object => ({ kind: "notEstablished", token: TOKEN, why, detail });
const record = (type: number, body: Uint8Array, critical = true): KeRecord => ({ type, body, critical });
const says = (...records: readonly KeRecord[]): Said => ({
  kind: "octets",
  octets: encodeKeMessage(records),
  after: "end",
});
const OK = [
  record(KE_RECORDS.nextProtocol, encodeNumbers([0])),
  record(KE_RECORDS.aead, encodeNumbers([15])),
  record(KE_RECORDS.newCookie, new Uint8Array(104).fill(1), false),
];

describe("keys are established", () => {
  it.each(AEADS.map(({ name, id }) => [name, id] as const))("for %s", async (_name, id) => {
    const server = await serverOf({ aeads: [id] });
    const event = await establish(server.port);
    expect(event).toMatchObject({ kind: "established", token: TOKEN, server: null, port: server.timePort });
    if (event.kind !== "established") return;
    const row = AEADS.find((aead) => aead.id === id)!;
    expect([event.keys.aead, event.keys.c2s.length, event.keys.s2c.length]).toEqual([id, row.keyOctets, row.keyOctets]);
    expect(event.keys.c2s).not.toEqual(event.keys.s2c);
    expect(event.keys.cookies).toHaveLength(8);
  });

  it("with whoever has a certificate for the address, where no name was asked", async () => {
    const server = await serverOf();
    expect(await establish(server.port, "127.0.0.1")).toMatchObject({ kind: "established" });
  });

  it("by an RSA certificate, and by a chain of three", async () => {
    const between = made.make([], { by: authority, authority: true });
    const leaf = made.make(NAMES, { by: between, algorithm: "rsa" });
    const chained = { ...leaf, certificate: `${leaf.certificate}${between.certificate}` };
    const server = await serverOf({ certified: chained });
    expect(await establish(server.port)).toMatchObject({ kind: "established" });
  });

  it("for the server and the port that are negotiated", async () => {
    const server = await serverOf({ says: { kind: "grant", change: { server: "ntp.example.net", port: 1123 } } });
    expect(await establish(server.port)).toMatchObject({ kind: "established", server: "ntp.example.net", port: 1123 });
  });
});

describe("no keys come of", () => {
  it.each([
    [
      "an expired certificate",
      () => made.make(NAMES, { by: authority, from: -9, until: -2 }),
      "expired",
      /^it was valid until 20\d\d-/,
    ],
    [
      "one that is not valid yet",
      () => made.make(NAMES, { by: authority, from: 2, until: 9 }),
      "notYetValid",
      /^it is valid from 20\d\d-/,
    ],
    [
      "one for another name",
      () => made.make(["DNS:other.example"], { by: authority }),
      "wrongName",
      /^it is for other.example$/,
    ],
    ["one that is signed by itself", () => made.make(NAMES), "selfSigned", null],
    [
      "one by an authority that nobody trusts",
      () => made.make(NAMES, { by: made.make([], { authority: true }) }),
      "untrusted",
      null,
    ],
    ["one by a server that is no authority", () => made.make(NAMES, { by: good }), "certificate|untrusted", /./],
  ])("%s", async (_what, certified, why, detail) => {
    const server = await serverOf({ certified: certified() });
    const event = await establish(server.port);
    expect(event).toMatchObject({ kind: "notEstablished" });
    if (event.kind !== "notEstablished") return;
    expect(why.split("|")).toContain(event.why);
    if (detail !== null && event.detail !== null) expect(event.detail).toMatch(detail);
    else if (!why.includes("|")) expect(event.detail).toBeNull();
  });

  it("the right certificate without the authority that signed it", async () => {
    const server = await serverOf();
    expect(await establish(server.port, "localhost", [])).toEqual(failed("untrusted"));
    expect(server.asked).toEqual([]);
  });

  it("a server that speaks TLS, but not ntske/1", async () => {
    const [silent, other] = [
      await serverOf({ tls: { ALPNProtocols: [] } }),
      await serverOf({ tls: { ALPNProtocols: ["http/1.1"] } }),
    ];
    expect(await establish(silent.port)).toEqual(failed("alpn"));
    expect(await establish(other.port)).toEqual(failed("alpn"));
  });

  it("a server that speaks TLS 1.2 at best", async () => {
    const server = await serverOf({ tls: { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } });
    expect(await establish(server.port)).toEqual(failed("tlsVersion"));
  });

  it("a port where nobody listens, or where somebody speaks something else", async () => {
    const port = await plain((connection) => connection.end("SSH-2.0-OpenSSH_9.2\r\n"));
    expect(await establish(port)).toMatchObject({ kind: "notEstablished", why: "tls" });
    const [close] = closing.splice(0);
    await close!();
    expect(await establish(port)).toEqual(failed("refused"));
  });

  it("a server that hangs up instead of shaking hands", async () => {
    const port = await plain((connection) => connection.destroy());
    expect(await establish(port)).toMatchObject({ kind: "notEstablished", why: "tls" });
  });

  it.each([
    ["is cut within a record", { kind: "octets", octets: encodeKeMessage(OK).slice(0, 40), after: "end" }, "cut"],
    ["is nothing at all", { kind: "octets", octets: new Uint8Array(0), after: "end" }, "cut"],
    [
      "goes on after its end",
      { kind: "octets", octets: new Uint8Array([...encodeKeMessage(OK), 0]), after: "wait" },
      "malformed",
    ],
    ["never ends", { kind: "octets", octets: new Uint8Array(70_000).fill(1), after: "wait" }, "tooLong"],
    ["is an error", says(record(KE_RECORDS.error, encodeNumbers([1]))), "error"],
    ["is a warning", says(...OK, record(KE_RECORDS.warning, encodeNumbers([9]))), "warning"],
    ["has a critical record of an unknown type", says(...OK, record(999, new Uint8Array(2))), "unknownCritical"],
    [
      "has a cookie too many octets long",
      says(...OK, record(KE_RECORDS.newCookie, new Uint8Array(300), false)),
      "record",
    ],
    ["has no cookie", says(...OK.slice(0, 2)), "cookies"],
    ["is for another protocol", says(record(KE_RECORDS.nextProtocol, encodeNumbers([])), ...OK.slice(1)), "protocol"],
    ["is for an AEAD that was not offered", says(OK[0]!, record(KE_RECORDS.aead, encodeNumbers([18])), OK[2]!), "aead"],
    ["names a server that is none", says(...OK, record(KE_RECORDS.server, Buffer.from("a b"), false)), "server"],
  ] as const)("an answer that %s", async (_what, said, why) => {
    const server = await serverOf({ says: said });
    expect(await establish(server.port)).toMatchObject({ kind: "notEstablished", token: TOKEN, why });
  });

  it("an error, without saying which", async () => {
    const server = await serverOf({ says: says(record(KE_RECORDS.error, encodeNumbers([2]))) });
    expect(await establish(server.port)).toEqual(failed("error", "code 2, an internal error"));
  });
});

describe("a handshake that is abandoned", () => {
  it("ends its connection, and nothing more is said of it", async () => {
    let ended: () => void = () => {};
    const over = new Promise<void>((done) => (ended = done));
    const port = await plain((connection) => connection.on("close", ended).on("error", ended).resume());
    const abandon = new AbortController();
    const said: Event[] = [];
    establishKeys()(
      {
        kind: "establish",
        token: TOKEN,
        name: "localhost",
        with: { ip: "127.0.0.1", port },
        kept: false,
        shortest: false,
      },
      abandon.signal,
      (event) => said.push(event),
    );
    await new Promise((done) => void server!.once("connection", done));
    abandon.abort();
    await over;
    expect(said).toEqual([]);
  });
});

let server: Server | null = null;

/** A TCP server that is none of TLS. */
async function plain(heed: (connection: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  const listening = createServer((connection) => {
    open.add(connection);
    connection.on("error", () => {});
    heed(connection);
  });
  server = listening;
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  closing.push(() => {
    for (const connection of open) connection.destroy();
    return new Promise<void>((done) => void listening.close(() => done()));
  });
  return (listening.address() as AddressInfo).port;
}
