/** Answering key establishment over real TLS on loopback: who is given keys, and that nobody else holds it up. */
import { createPrivateKey } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { HandshakeToken } from "../../src/engine/port/action.ts";
import type { Event } from "../../src/engine/port/event.ts";
import { establishKeys, SYSTEM_TRUST } from "../../src/host/establish.ts";
import { datesFault, identityFault, listenForKeys, type NtsListener } from "../../src/host/ntslistener.ts";
import { loadAeads, type MakeAead } from "../../src/security/nts/aead.ts";
import { ADMISSION } from "../../src/security/nts/admission.ts";
import { NtsServer } from "../../src/security/nts/answering.ts";
import { openCookie } from "../../src/security/nts/cookie.ts";
import { firstKeys } from "../../src/security/nts/masters.ts";
import { Certificates, type Certified } from "../support/certificates.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

let made: Certificates;
let authority: Certified;
let good: Certified;
let makeAead: MakeAead;
beforeAll(async () => {
  made = new Certificates();
  authority = made.make([], { authority: true });
  good = made.make(["DNS:localhost"], { by: authority });
  makeAead = await loadAeads();
});
afterAll(() => made.end());

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Opened {
  readonly listener: NtsListener;
  readonly nts: NtsServer;
}

async function listen(certified = good, limits = ADMISSION): Promise<Opened> {
  const nts = new NtsServer(firstKeys(0, random), makeAead, random);
  const service = { port: 1123, server: null, cookie: nts.cookie.bind(nts) };
  const identity = { certificate: certified.certificate, key: certified.key };
  const listening = await listenForKeys({ identity, port: 0, address: "127.0.0.1", service, limits });
  if (listening.kind === "fault") throw new Error(listening.why);
  closing.push(() => listening.listener.close());
  return { listener: listening.listener, nts };
}

function establish(port: number, ca = [authority]): Promise<Event> {
  const by = establishKeys({ ...SYSTEM_TRUST, ca: ca.map(({ certificate }) => certificate) });
  const token = 7 as HandshakeToken;
  return new Promise((done) => {
    const action = {
      kind: "establish" as const,
      token,
      name: "localhost",
      with: { ip: "127.0.0.1", port },
      kept: false,
      shortest: false,
    };
    by(action, new AbortController().signal, done);
  });
}

/** A client that is none of ours. */
function dial(port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ALPNProtocols: ["ntske/1"],
    ...options,
  });
  socket.on("error", () => {});
  closing.push(() => socket.destroy());
  return socket;
}

/** Until it is closed from afar. */
async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.destroyed) await new Promise((done) => socket.once("close", done));
}

describe("keys are given", () => {
  it("with cookies that open to them, by TLS, and the port that is to be asked", async () => {
    const { listener, nts } = await listen();
    const event = await establish(listener.port);
    expect(event).toMatchObject({ kind: "established", server: null, port: 1123 });
    if (event.kind !== "established") return;
    const { c2s, s2c, cookies } = event.keys;
    expect(cookies.map((cookie) => openCookie(cookie, nts.keys, makeAead))).toEqual(
      cookies.map(() => expect.objectContaining({ kind: "opened", keys: expect.objectContaining({ c2s, s2c }) })),
    );
    expect(listener.counts).toEqual({ good: 1, withoutTls: 0, bad: 0, limited: 0 });
  });

  it("by an RSA certificate, and a chain of three", async () => {
    const between = made.make([], { by: authority, authority: true });
    const leaf = made.make(["DNS:localhost"], { by: between, algorithm: "rsa" });
    const { listener } = await listen({ ...leaf, certificate: `${leaf.certificate}${between.certificate}` });
    expect(await establish(listener.port)).toMatchObject({ kind: "established" });
  });

  it("by another certificate from one moment to the next", async () => {
    const { listener } = await listen();
    const other = made.make([], { authority: true });
    const renewed = made.make(["DNS:localhost"], { by: other });
    listener.identify({ certificate: renewed.certificate, key: renewed.key });
    expect(await establish(listener.port, [other])).toMatchObject({ kind: "established" });
    expect(() => listener.identify({ certificate: good.certificate, key: renewed.key })).toThrow(/key/);
    expect(await establish(listener.port, [other])).toMatchObject({ kind: "established" });
  });
});

describe("no keys are given", () => {
  it("by TLS 1.2", async () => {
    const { listener } = await listen();
    await closed(dial(listener.port, { maxVersion: "TLSv1.2" }));
    expect(listener.counts).toEqual({ good: 0, withoutTls: 1, bad: 0, limited: 0 });
  });

  it.each([["http/1.1"], [null]])("to who speaks %s", async (protocol) => {
    const { listener } = await listen();
    await closed(dial(listener.port, { ALPNProtocols: protocol === null ? [] : [protocol] }));
    expect(listener.counts).toMatchObject({ good: 0, withoutTls: 1 });
  });

  it("to who speaks no TLS, says too much, or goes in the middle", async () => {
    const { listener } = await listen();
    const plain = connectTcp(listener.port, "127.0.0.1", () => plain.write("GET / HTTP/1.1\r\n\r\n"));
    plain.on("error", () => {});
    await closed(plain);
    const endless = dial(listener.port);
    await once(endless, "secureConnect");
    endless.write(Buffer.alloc(5000, 0x40));
    await closed(endless);
    const cut = dial(listener.port);
    await once(cut, "secureConnect");
    cut.destroy();
    await closed(cut);
    expect(await establish(listener.port)).toMatchObject({ kind: "established" });
    const { good: granted, withoutTls, bad } = listener.counts;
    expect([granted, withoutTls + bad]).toEqual([1, 3]);
    expect(listener.open).toBeLessThanOrEqual(1);
  });

  it("beyond so many handshakes from one address, which are closed at once", async () => {
    const { listener } = await listen(good, { ...ADMISSION, rateEach: 0, burstEach: 1 });
    expect(await establish(listener.port)).toMatchObject({ kind: "established" });
    expect(await establish(listener.port)).toMatchObject({ kind: "notEstablished" });
    expect(listener.counts).toMatchObject({ good: 1, limited: 1 });
  });
});

it("who opens connections and says nothing pushes out himself, and whoever comes then is given keys", async () => {
  const { listener } = await listen(good, { ...ADMISSION, openEach: 8, burstEach: 10_000 });
  const silent = Array.from({ length: 200 }, () => {
    const socket = connectTcp(listener.port, "127.0.0.1");
    socket.on("error", () => {});
    closing.push(() => socket.destroy());
    return socket;
  });
  await Promise.all(silent.slice(0, -8).map(closed));
  expect(listener.open).toBe(8);
  expect(await establish(listener.port)).toMatchObject({ kind: "established" });
});

/** Opens so many connections, each from an address of its own, says "open" when all were, and holds them. */
const FLOOD = `
  const { connect } = require("node:net");
  const [port, count] = process.argv.slice(1).map(Number);
  let begun = 0, settled = 0;
  const next = () => {
    if (begun >= count) return;
    const number = begun++;
    const localAddress = "127." + (1 + (number >> 14)) + "." + ((number >> 7) & 127) + "." + (1 + (number & 127));
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    let done = false;
    const settle = () => {
      if (done) return;
      done = true;
      settled += 1;
      if (settled === count) console.log("open");
      next();
    };
    socket.on("connect", settle).on("error", settle);
  };
  for (let at = 0; at < 400; at += 1) next();
`;

it(
  "ten thousand who connect and say nothing take no more than their places, and hold up nobody",
  { timeout: 120_000 },
  async () => {
    const { listener } = await listen();
    const flood = spawn("sh", [
      "-c",
      `ulimit -n 12000 && exec "$0" -e "$1" ${listener.port} 10000`,
      process.execPath,
      FLOOD,
    ]);
    closing.push(() => flood.kill("SIGKILL"));
    const before = readdirSync("/proc/self/fd").length;
    let [most, descriptors] = [0, 0];
    const look = setInterval(() => {
      most = Math.max(most, listener.open);
      descriptors = Math.max(descriptors, readdirSync("/proc/self/fd").length - before);
    }, 5);
    try {
      const [said] = (await once(flood.stdout, "data")) as [Buffer];
      expect(said.toString()).toBe("open\n");
      // Whoever is in a hurry tries again, as clients do.
      let event = await establish(listener.port);
      for (let tries = 0; event.kind !== "established" && tries < 20; tries += 1)
        event = await establish(listener.port);
      expect(event).toMatchObject({ kind: "established" });
    } finally {
      clearInterval(look);
    }
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThanOrEqual(ADMISSION.open);
    // Those that were told no are closed by the time that the next are heard.
    expect(descriptors).toBeLessThan(3 * ADMISSION.open);
    expect(listener.counts.limited).toBeGreaterThan(5000);
  },
);

describe("a certificate and a key", () => {
  it("are of each other, and PEM", () => {
    const identity = { certificate: good.certificate, key: good.key };
    expect(identityFault(identity)).toBeNull();
    expect(identityFault({ ...identity, key: authority.key })).toMatch(/key/);
    expect(identityFault({ ...identity, certificate: "hello" })).not.toBeNull();
    expect(identityFault({ ...identity, key: "" })).not.toBeNull();
  });

  it("are refused by what is the matter where the key is encrypted, in either form", () => {
    const key = createPrivateKey(good.key);
    const secret = { cipher: "aes-128-cbc", passphrase: "secret", format: "pem" } as const;
    for (const type of ["pkcs8", "sec1"] as const)
      expect(identityFault({ certificate: good.certificate, key: key.export({ ...secret, type }).toString() })).toMatch(
        /^the key is encrypted/,
      );
  });

  it("are known to be of no use to clients before the one date and after the other", () => {
    const identity = { certificate: good.certificate, key: good.key };
    const inDays = (days: number): number => Date.now() + days * 86_400_000;
    expect(datesFault(identity, inDays(0))).toBeNull();
    expect(datesFault(identity, inDays(31))).toMatch(/^this certificate has expired on \d{4}-\d\d-\d\d$/);
    expect(datesFault(identity, inDays(-2))).toMatch(/^this certificate is not valid before \d{4}-\d\d-\d\d$/);
  });
});

it("a port that is taken is told by name", async () => {
  const { listener } = await listen();
  const service = { port: 123, server: null, cookie: () => new Uint8Array(0) };
  const identity = { certificate: good.certificate, key: good.key };
  const again = await listenForKeys({ identity, port: listener.port, address: "127.0.0.1", service });
  expect(again).toEqual({ kind: "fault", why: "portInUse" });
});

it("takes nobody at an address that is not served, and tells those of IPv4 from IPv6's", async () => {
  const asked: string[] = [];
  const isServed = (ip: string): boolean => {
    asked.push(ip);
    return ip !== "127.0.0.1";
  };
  const nts = new NtsServer(firstKeys(0, random), makeAead, random);
  const service = { port: 1123, server: null, cookie: nts.cookie.bind(nts) };
  const identity = { certificate: good.certificate, key: good.key };
  const listening = await listenForKeys({ identity, port: 0, service, isServed });
  if (listening.kind === "fault") throw new Error(listening.why);
  closing.push(() => listening.listener.close());
  expect(await establish(listening.listener.port)).toMatchObject({ kind: "notEstablished" });
  expect(asked).toEqual(["127.0.0.1"]);
  expect(listening.listener.counts).toMatchObject({ good: 0, limited: 0 });
});
