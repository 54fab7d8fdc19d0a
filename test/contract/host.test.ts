/** The real world, with either kind of sockets, on loopback; its clock is a pretended one. */
import { createSocket, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import type { Address } from "../../src/wire/address.ts";
import { shift } from "../../src/time/timestamp.ts";
import { clockReader } from "../../src/host/clock.ts";
import type { KernelClaim } from "../../src/discipline/claim.ts";
import type { LocalClock } from "../../src/host/local-clock.ts";
import type { Lookup } from "../../src/host/resolver.ts";
import { dgramUdp, nativeUdp } from "../../src/host/udp/choose.ts";
import type { Udp, UdpHost } from "../../src/host/udp/udp.ts";
import { openWorld } from "../../src/host/world.ts";
import { worldContract, type Answer, type ContractWorld, type Peer } from "./world.contract.ts";

const LOOPBACK = { 4: "127.0.0.1", 6: "::1" } as const;
const KNOWN = { name: "time.example", addresses: ["192.0.2.1", "2001:db8::1"] };
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((info) => info?.address === "::1");

const lookup: Lookup = (name, _family, done) => {
  if (name === KNOWN.name)
    done(
      null,
      KNOWN.addresses.map((address) => ({ address })),
    );
  else done(Object.assign(new Error(name), { code: "ENOTFOUND" }), []);
};

async function bound(family: 4 | 6): Promise<Socket> {
  const socket = createSocket(family === 4 ? "udp4" : "udp6");
  await new Promise<void>((done) => socket.bind(0, LOOPBACK[family], done));
  return socket;
}

function portOf(socket: Socket): number {
  return socket.address().port;
}

async function freeAddress(family: 4 | 6): Promise<Address> {
  const socket = await bound(family);
  const port = portOf(socket);
  await new Promise<void>((done) => socket.close(done));
  return { ip: LOOPBACK[family], port };
}

async function hostWorld(udp: (host: UdpHost) => Udp | Promise<Udp>): Promise<ContractWorld> {
  const sockets: Socket[] = [];
  let added = 0;
  let claimed: KernelClaim | null = null;
  const pretended: LocalClock = {
    step: (offset) => {
      added += offset;
      return null;
    },
    slew: (offset) => ({ lasting: Math.abs(offset) / 500e-6 }),
    steer: (phase, frequency) => ({ phase, frequency, lasting: Math.abs(phase) / 500e-6 }),
    claim: (claim) => {
      claimed = claim;
      return null;
    },
  };
  const real = clockReader();
  const world = await openWorld({ clock: pretended, read: () => shift(real(), added), lookup, udp });

  async function peer(family: 4 | 6, answer: Answer): Promise<Peer> {
    const [itself, stranger] = [await bound(family), await bound(family)];
    sockets.push(itself, stranger);
    const received: { from: Address; bytes: Uint8Array }[] = [];
    itself.on("message", (bytes, from) => {
      received.push({ from: { ip: from.address, port: from.port }, bytes: Uint8Array.from(bytes) });
      for (const one of answer(bytes))
        (one.as === "itself" ? itself : stranger).send(one.bytes, from.port, from.address);
    });
    return {
      address: { ip: LOOPBACK[family], port: portOf(itself) },
      received,
      send: (bytes, to) => itself.send(bytes, to.port, to.ip),
    };
  }

  return {
    world,
    families: hasIpv6 ? [4, 6] : [4],
    known: KNOWN,
    unknown: "nowhere.example",
    peer,
    unheard: freeAddress,
    own: freeAddress,
    foreign: "192.0.2.77",
    claimed: () => claimed,
    end: () => sockets.forEach((socket) => socket.close()),
  };
}

worldContract("a host with Node's sockets", () => hostWorld(dgramUdp));

// Elsewhere than on Linux x64 and arm64 the first suite is the whole of it.
if (nativeUdp({ put: () => undefined, read: clockReader() }) !== null) {
  worldContract("a host with its own sockets", () => hostWorld((host) => nativeUdp(host) as Udp));
}
