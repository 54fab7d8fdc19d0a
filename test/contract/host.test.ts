/** The real world, with either kind of sockets, on loopback; its clock is a pretended one. */
import { createSocket, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import type { Address } from "../../src/wire/address.ts";
import { shift } from "../../src/time/timestamp.ts";
import type { KernelClaim } from "../../src/discipline/claim.ts";
import type { SocketToken } from "../../src/engine/port/action.ts";
import type { ClockFault, Event, HostAddresses } from "../../src/engine/port/event.ts";
import { clockReader, steady } from "../../src/host/clock.ts";
import { errorNumber } from "../../src/host/errno.ts";
import { ADJ_FREQUENCY, ADJ_SETOFFSET, TIMEX } from "../../src/host/layout.ts";
import { linuxClock, type ClockCalls } from "../../src/host/local-clock.ts";
import type { Lookup } from "../../src/host/resolver.ts";
import { dgramUdp, nativeUdp } from "../../src/host/udp/choose.ts";
import type { Udp, UdpHost } from "../../src/host/udp/udp.ts";
import { openWorld } from "../../src/host/world.ts";
import { worldContract, type Answer, type ContractWorld, type Ear, type Peer } from "./world.contract.ts";

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

/** A kernel that keeps a clock as Linux does, and touches none. */
class PretendedKernel implements ClockCalls {
  /** What was added to the clock, seconds. */
  added = 0;
  claimed: KernelClaim | null = null;
  forbidden: ClockFault | null = null;
  #frequency = 0n;

  errno = (): number => errorNumber(this.forbidden === "noPrivilege" ? "EPERM" : "EINVAL");
  clock_gettime = refuse;
  clock_settime = refuse;
  settimeofday = refuse;
  adjtime = refuse;

  clock_adjtime = (_clock: number, timex: unknown): number => {
    if (this.forbidden !== null) return -1;
    const told = timex as DataView;
    const modes = told.getUint32(TIMEX.modes, true);
    if ((modes & ADJ_SETOFFSET) !== 0)
      this.added +=
        Number(told.getBigInt64(TIMEX.seconds, true)) + Number(told.getBigInt64(TIMEX.fraction, true)) / 1e9;
    if ((modes & ADJ_FREQUENCY) !== 0) this.#frequency = told.getBigInt64(TIMEX.frequency, true);
    told.setBigInt64(TIMEX.frequency, this.#frequency, true);
    return 0;
  };
}

function refuse(): number {
  return -1;
}

/** What a host and whoever tells it things are plugged into. */
interface Kind {
  readonly udp: (host: UdpHost) => Udp | Promise<Udp>;
  /** See `ContractWorld`. */
  readonly tellsDestination: boolean;
  readonly answersAtOnce: boolean;
}

async function hostWorld({ udp, ...tells }: Kind): Promise<ContractWorld> {
  const sockets: Socket[] = [];
  const ears: Udp[] = [];
  const kernel = new PretendedKernel();
  let asleep = 0;
  let told: (addresses: HostAddresses) => void = () => undefined;
  const real = clockReader();
  const clock = linuxClock(kernel);
  const world = await openWorld({
    clock: {
      ...clock,
      claim(claim) {
        kernel.claimed = claim;
        return clock.claim!(claim);
      },
    },
    read: () => shift(real(), kernel.added),
    lookup,
    udp,
    awake: () => steady() + asleep,
    watch(tell) {
      told = tell;
      return { close: () => undefined };
    },
  });

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

  /** By our own sockets, since Node's tell no hop limits. */
  async function ear(family: 4 | 6): Promise<Ear | null> {
    const hops: number[] = [];
    const put = (event: Event): void => void (event.kind === "datagram" && hops.push(event.ttl!));
    const udp = nativeUdp({ put, read: real });
    if (udp === null) return null;
    ears.push(udp);
    const address = await freeAddress(family);
    udp.listen({ kind: "listen", socket: 1 as SocketToken, port: address.port, address: address.ip, interface: null });
    return { address, hops };
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
    second: "127.0.0.2",
    ...tells,
    ear,
    readdress: (addresses) => told(addresses),
    sleep(duration) {
      asleep += duration;
      kernel.added += duration;
    },
    setClock: (by) => void (kernel.added += by),
    forbid: (why) => void (kernel.forbidden = why),
    claimed: () => kernel.claimed,
    end() {
      for (const socket of sockets) socket.close();
      for (const udp of ears) udp.end();
    },
  };
}

worldContract("a host with Node's sockets", () =>
  hostWorld({ udp: dgramUdp, tellsDestination: false, answersAtOnce: false }),
);

// Elsewhere than on Linux x64 and arm64 the first suite is the whole of it.
if (nativeUdp({ put: () => undefined, read: clockReader() }) !== null) {
  worldContract("a host with its own sockets", () =>
    hostWorld({ udp: (host) => nativeUdp(host) as Udp, tellsDestination: true, answersAtOnce: true }),
  );
}
