/** A server on our own sockets, asked over loopback: answers made as the requests are read. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EngineConfig } from "../../src/engine/port/config.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Engine } from "../../src/engine/port/engine.ts";
import { systemChance } from "../../src/host/chance.ts";
import { clockReader } from "../../src/host/clock.ts";
import { drive } from "../../src/host/drive.ts";
import { nativeUdp } from "../../src/host/udp/choose.ts";
import { openWorld } from "../../src/host/world.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { difference, UNKNOWN_TIME } from "../../src/time/timestamp.ts";
import { encodeHeader, readHeader, type Header } from "../../src/wire/header.ts";
import { BASE, BASE_SERVICE, BASE_SERVING } from "../../src/config/base.ts";

const read = clockReader();
const isNative = nativeUdp({ put: () => undefined, read }) !== null;
const KEYS = "1 SHA1 0123456789abcdef0123456789abcdef01234567\n";

describe.runIf(isNative)("a server on our own sockets", () => {
  let port = 0;
  let engine: Engine;
  let client: Socket;
  let stop: AbortController;
  let running: Promise<void>;
  let keys: ReturnType<typeof securityProvider>;

  beforeEach(async () => {
    client = createSocket("udp4");
    client.bind(0, "127.0.0.1");
    await once(client, "listening");
    port = await freePort();
    const { keyring } = await openKeyring(parseKeys(KEYS, { format: "ntp", file: "-" }).keys, "all");
    keys = securityProvider(keyring);
    engine = createEngine(configOf(port), {
      chance: systemChance(),
      security: keys,
      referenceIdOf: () => 0,
      era: BigInt(Date.now()) * 1_000_000n,
    });
    stop = new AbortController();
    running = drive(engine, await openWorld({ clock: null, read }), { signal: stop.signal });
  });
  afterEach(async () => {
    stop.abort();
    await running;
    client.close();
  });

  it("answers with the question's cookie, and with times in their order", async () => {
    const before = read();
    const { header, from } = await ask(encodeHeader(question(7n)));
    expect(header).toMatchObject({ mode: "server", leap: "none", stratum: 3, origin: 7n, version: 4 });
    expect(difference(header.receive, before)).toBeGreaterThan(-0.001);
    expect(difference(header.transmit, header.receive)).toBeGreaterThanOrEqual(0);
    expect(difference(read(), header.transmit)).toBeGreaterThanOrEqual(-0.000001);
    expect(from).toMatchObject({ address: "127.0.0.1", port });
  });

  it("answers from the address it was asked at", async () => {
    expect((await ask(encodeHeader(question(1n)), "127.0.0.77")).from.address).toBe("127.0.0.77");
  });

  it("answers every one of a burst, each its own", async () => {
    const count = 200; // some batches
    const cookies = new Set<bigint>();
    const all = new Promise<void>((done) => {
      client.on("message", (bytes) => {
        cookies.add(headerOf(bytes).origin);
        if (cookies.size === count) done();
      });
    });
    for (let cookie = 1; cookie <= count; cookie += 1)
      client.send(encodeHeader(question(BigInt(cookie))), port, "127.0.0.1");
    await all;
    expect(engine.responder!.server.counts.answered).toBe(count);
  });

  it("signs what was asked with a key, and refuses a wrong one", async () => {
    const sealed = keys.sealWith(1, encodeHeader(question(9n)));
    if (sealed.kind !== "sealed") throw new Error(sealed.fault);
    const signed = await ask(sealed.bytes);
    expect(signed.bytes.length).toBe(sealed.bytes.length);
    const wrong = Uint8Array.from(sealed.bytes, (octet, index) => (index === 50 ? octet ^ 1 : octet));
    wrong[60]! ^= 1;
    const refused = await ask(wrong);
    expect(refused.bytes.length).toBe(52);
    expect(engine.responder!.server.counts).toMatchObject({ answered: 1, refusedKey: 1 });
  });

  it("leaves what is no request to the engine, and never answers it", async () => {
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(0x26, 2),
      encodeHeader({ ...question(1n), mode: "server" }),
      encodeHeader({ ...question(1n), mode: "broadcast" }),
      new Uint8Array(5000),
    ]) {
      client.send(bytes, port, "127.0.0.1");
    }
    const { header } = await ask(encodeHeader(question(5n)));
    expect(header.origin).toBe(5n);
    expect(engine.responder!.server.counts).toMatchObject({ answered: 1, control: 1 });
  });

  async function ask(
    bytes: Uint8Array,
    ip = "127.0.0.1",
  ): Promise<{ readonly header: Header; readonly bytes: Uint8Array; readonly from: RemoteInfo }> {
    client.send(bytes, port, ip);
    const [answer, from] = (await once(client, "message")) as [Buffer, RemoteInfo];
    return { header: headerOf(answer), bytes: answer, from };
  }
});

function headerOf(bytes: Uint8Array): Header {
  return readHeader(new DataView(bytes.buffer, bytes.byteOffset));
}

function question(cookie: bigint): Header {
  return {
    leap: "unsynchronized",
    version: 4,
    mode: "client",
    stratum: 0,
    poll: 6,
    precision: -20,
    rootDelay: 0,
    rootDispersion: 0,
    referenceId: 0,
    reference: UNKNOWN_TIME,
    origin: UNKNOWN_TIME,
    receive: UNKNOWN_TIME,
    transmit: cookie as Header["transmit"],
  };
}

function configOf(port: number): EngineConfig {
  return {
    ...BASE,
    service: { ...BASE_SERVICE, port },
    serving: { ...BASE_SERVING, fallbacks: { local: 3, orphan: null } },
  };
}

async function freePort(): Promise<number> {
  const probe = createSocket("udp4");
  probe.bind(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  await new Promise<void>((done) => probe.close(() => done()));
  return port;
}
