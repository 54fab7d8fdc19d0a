/** The scripted server and its oddities, seen in the octets that come back. */
import { beforeEach, describe, expect, it } from "vitest";
import type { SocketToken } from "../../src/engine/port/action.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import type { Machine } from "../../src/sim/machine.ts";
import {
  atRequest,
  badMac,
  during,
  fromElsewhere,
  fromRequest,
  kiss,
  lies,
  oversized,
  says,
  sealedBy,
  silent,
  slow,
  truncated,
  twice,
  unsynchronized,
  wrongOrigin,
} from "../../src/sim/oddities.ts";
import type { Oddity, ServerOptions } from "../../src/sim/server.ts";
import { createWorld, type HostOptions, type SimWorld } from "../../src/sim/world.ts";
import { difference, type NtpTimestamp } from "../../src/time/timestamp.ts";
import { addressText, type Address } from "../../src/wire/address.ts";
import { encodeHeader, type Header, readHeader } from "../../src/wire/header.ts";

const SOCKET = 1 as SocketToken;
const COOKIE = 0x1122_3344_5566_7788n as NtpTimestamp;
const REQUEST: Header = {
  leap: "none",
  version: 4,
  mode: "client",
  stratum: 0,
  poll: 6,
  precision: -20,
  rootDelay: 0,
  rootDispersion: 0,
  referenceId: 0,
  reference: 0n as NtpTimestamp,
  origin: 0n as NtpTimestamp,
  receive: 0n as NtpTimestamp,
  transmit: COOKIE,
};

interface Reply {
  readonly at: number;
  readonly from: Address;
  readonly bytes: Uint8Array;
  readonly header: Header | null;
}

let world: SimWorld;
let client: Machine;
let replies: Reply[];
beforeEach(() => {
  world = createWorld({ seed: "server" });
  replies = [];
  client = world.machine("client", { addresses: ["10.0.0.1"], link: { delay: 0.01 } });
  client.load({
    handle(event) {
      if (event.kind !== "datagram") return;
      const { bytes } = event;
      const header = bytes.length < 48 ? null : readHeader(new DataView(bytes.buffer, bytes.byteOffset));
      replies.push({ at: world.now, from: event.from, bytes, header });
    },
  });
  // Hears anybody, so that odd sources are seen.
  client.perform({ kind: "listen", socket: SOCKET, port: 4000, address: null, interface: null });
});

/** Asks a server so many times, a second apart. */
function ask(options: HostOptions & ServerOptions, times = 1, request = encodeHeader(REQUEST)): readonly Reply[] {
  const server = world.server("server", { addresses: ["10.0.0.2", "10.0.0.3"], ...options });
  for (let n = 0; n < times; n++) {
    client.transmit(SOCKET, server.address, request);
    world.run(1);
  }
  return replies;
}

const odd = (...oddities: Oddity[]): Header => ask({ oddities })[0]!.header!;

/** Seals by one octet repeated: enough to see which key was used. */
const toySecurity: SecurityProvider = {
  none: unused,
  key: unused,
  nts: () => {
    throw new Error("nobody here is under NTS");
  },
  autokey: () => {
    throw new Error("nobody here is under Autokey");
  },
  sealWith: (keyId, header) => ({
    kind: "sealed",
    bytes: Uint8Array.of(...header, 0, 0, 0, keyId, ...new Uint8Array(16).fill(keyId)),
  }),
  judge: (_, packet) => (packet.mac?.digest.every((octet) => octet === packet.mac?.keyId) === true ? "ok" : "failed"),
};

const sealed = (keyId: number): Uint8Array =>
  Uint8Array.of(...encodeHeader(REQUEST), 0, 0, 0, keyId, ...new Uint8Array(16).fill(keyId));
const trailer = (reply: Reply): number[] => [...reply.bytes.subarray(48)];

describe("a scripted server", () => {
  it("answers as it is told, from its own clock and the address it was asked at", () => {
    const [reply] = ask({
      clockError: 2,
      stratum: 1,
      rootDispersion: 0.25,
      leap: "insert",
      processing: 0.001,
      link: { delay: 0.01 },
    });
    expect(addressText(reply!.from)).toBe("10.0.0.2:123");
    expect(reply!.header).toMatchObject({
      leap: "insert",
      version: 4,
      mode: "server",
      stratum: 1,
      poll: 6,
      rootDispersion: 0.25,
      origin: COOKIE,
    });
    expect(difference(reply!.header!.receive, world.beginning)).toBeCloseTo(2.02, 9);
    expect(difference(reply!.header!.transmit, reply!.header!.receive)).toBeCloseTo(0.001, 9);
    expect(reply!.at).toBeCloseTo(0.041, 9);
  });

  it("keeps what was asked", () => {
    const server = world.server("server", {});
    client.transmit(SOCKET, server.address, encodeHeader(REQUEST));
    client.transmit(SOCKET, server.address, Uint8Array.of(1, 2, 3));
    world.run(1);
    expect(server.requests.map(({ packet, from, number }) => [packet.header.transmit, from.ip, number])).toEqual([
      [COOKIE, "10.0.0.1", 1],
    ]);
  });
});

describe("its oddities", () => {
  it("say what they are told", () => {
    expect(odd(says({ mode: "broadcast", version: 7 }))).toMatchObject({ mode: "broadcast", version: 7 });
  });
  it("kiss", () => {
    expect(odd(kiss("RATE"))).toMatchObject({
      stratum: 0,
      referenceId: 0x52415445,
      leap: "unsynchronized",
      origin: COOKIE,
    });
  });
  it("are not synchronized", () => {
    expect(odd(unsynchronized())).toMatchObject({ stratum: 0, leap: "unsynchronized", reference: 0n });
  });
  it("lie", () => {
    expect(difference(odd(lies(5)).receive, world.beginning)).toBeCloseTo(5.01, 9);
  });
  it("repeat a wrong origin", () => {
    expect(odd(wrongOrigin()).origin).toBe(COOKIE ^ 1n);
  });
  it("are silent", () => {
    expect(ask({ oddities: [silent()] })).toEqual([]);
  });
  it("answer twice", () => {
    expect(ask({ oddities: [twice(0.5)] }).map(({ at }) => at.toFixed(3))).toEqual(["0.020", "0.520"]);
  });
  it("answer from elsewhere: another of its addresses, another port, a foreign address", () => {
    const places = [{ ip: "10.0.0.3" }, { port: 124 }, { ip: "203.0.113.5" }];
    const elsewhere = places.map((from, index) => atRequest(index + 1, fromElsewhere(from)));
    expect(ask({ oddities: elsewhere }, 3).map(({ from }) => addressText(from))).toEqual([
      "10.0.0.3:123",
      "10.0.0.2:124",
      "203.0.113.5:123",
    ]);
  });
  it("are slow, and say so or not", () => {
    const [hidden, honest] = ask({ oddities: [atRequest(1, slow(0.25)), atRequest(2, slow(0.25, true))] }, 2);
    expect([hidden!.at, honest!.at].map((at) => at.toFixed(3))).toEqual(["0.270", "1.270"]);
    const held = [hidden!, honest!].map(({ header }) => difference(header!.transmit, header!.receive));
    expect(held[0]).toBeCloseTo(20e-6, 9);
    expect(held[1]).toBeCloseTo(0.25002, 9);
  });
  it("cut their answers and stretch them", () => {
    expect(
      ask({ oddities: [atRequest(1, truncated(20)), atRequest(2, oversized(1200))] }, 2).map(
        ({ bytes }) => bytes.length,
      ),
    ).toEqual([20, 1200]);
  });
  it("come from some request on, or for a while, and one after the other", () => {
    const answers = ask({ oddities: [fromRequest(3, kiss("DENY")), during(3, 4, silent()), atRequest(2, twice())] }, 5);
    expect(answers.map(({ header }) => header!.stratum)).toEqual([2, 2, 2, 0, 0]);
  });
});

describe("its keys", () => {
  it("seal the answer as the request was sealed, and leave it alone otherwise", () => {
    expect(trailer(ask({ security: toySecurity }, 1, sealed(7))[0]!)).toEqual([
      0,
      0,
      0,
      7,
      ...new Uint8Array(16).fill(7),
    ]);
  });
  it("are not asked for without a MAC", () => {
    expect(trailer(ask({ security: toySecurity })[0]!)).toEqual([]);
  });
  it("answer a bad MAC by a crypto-NAK", () => {
    const forged = sealed(7);
    forged[60] = 0;
    expect(trailer(ask({ security: toySecurity }, 1, forged)[0]!)).toEqual([0, 0, 0, 0]);
  });
  it("can be the wrong ones, and the MAC can be broken", () => {
    const oddities = [atRequest(1, sealedBy(9)), atRequest(2, badMac())];
    const [wrong, broken] = ask({ security: toySecurity, oddities }, 2, sealed(7));
    expect(trailer(wrong!)[3]).toBe(9);
    expect(trailer(broken!).at(-1)).toBe(7 ^ 1);
  });
});

function unused(): never {
  throw new Error("servers ask only for judge and sealWith");
}
