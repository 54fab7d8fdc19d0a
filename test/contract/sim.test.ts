/** The simulated world keeps the contract of worlds. */
import { addressKey, type Address } from "../../src/wire/address.ts";
import type { SocketToken } from "../../src/engine/port/action.ts";
import type { HostAddresses } from "../../src/engine/port/event.ts";
import type { Machine } from "../../src/sim/machine.ts";
import { createWorld, type SimWorld } from "../../src/sim/world.ts";
import { type Answer, type ContractWorld, type Ear, type Peer, worldContract } from "./world.contract.ts";

const PORT = 4000;
const SOCKET = 1 as SocketToken;
const SECOND = "192.0.2.99";

worldContract("the simulated world", () => {
  const world = createWorld({ seed: "contract" });
  const own = world.machine("own", { addresses: ["192.0.2.1", "2001:db8::1", SECOND], link: { delay: 0.001 } });
  world.names.set("known.example", { addresses: ["192.0.2.80", "2001:db8::80"] });
  let count = 1;
  const other = (): Machine => {
    const number = ++count;
    return world.machine(`other${number}`, {
      addresses: [`192.0.2.${number}`, `2001:db8::${number}`],
      link: { delay: 0.001 },
    });
  };

  return {
    world: world.port(own),
    families: [4, 6],
    known: { name: "known.example", addresses: ["192.0.2.80", "2001:db8::80"] },
    unknown: "unknown.example",
    foreign: "192.0.2.200",
    second: SECOND,
    tellsDestination: true,
    answersAtOnce: true,
    ear: (family) => earOn(other(), family),
    readdress: (addresses) => readdress(own, addresses),
    sleep: (duration) => own.sleep(duration),
    setClock: (by) => own.stepClock(by),
    forbid: (why) => void (own.clockFault = why),
    claimed: () => own.kernel,
    peer: (family, answer) => peerOn(world, other(), family, answer),
    unheard: (family) => ({ ip: other().address(family), port: PORT }),
    own: (family) => ({ ip: own.address(family), port: PORT }),
    end: () => undefined,
  } satisfies ContractWorld;
});

/** Gives a machine the interfaces and addresses of a list. */
function readdress(machine: Machine, wanted: HostAddresses): void {
  for (const { name } of machine.interfaces.filter((one) => wanted[one.name] === undefined)) machine.unplug(name);
  for (const [name, addresses] of Object.entries(wanted)) {
    if (machine.interfaces.some((one) => one.name === name)) machine.readdress(name, addresses);
    else machine.plug({ name, addresses });
  }
}

/** A program that notes with what hop limit datagrams arrive. */
function earOn(machine: Machine, family: 4 | 6): Ear {
  const address = { ip: machine.address(family), port: PORT };
  const hops: number[] = [];
  machine.load({ handle: (event) => void (event.kind === "datagram" && hops.push(event.ttl!)) });
  machine.perform({ kind: "listen", socket: SOCKET, port: PORT, address: address.ip, interface: null });
  return { address, hops };
}

/** A program that notes what arrives and answers it; a stranger is the same machine at another port. */
function peerOn(world: SimWorld, machine: Machine, family: 4 | 6, answer: Answer): Peer {
  const address = { ip: machine.address(family), port: PORT };
  const received: { from: Address; bytes: Uint8Array }[] = [];
  const sendFrom = (from: Address, to: Address, bytes: Uint8Array): void => {
    if (addressKey(from) === addressKey(address)) machine.transmit(SOCKET, to, bytes);
    else world.network.send({ from, to, ttl: 64, bytes }, machine.interfaces[0]!);
  };
  machine.load({
    handle(event) {
      if (event.kind !== "datagram") return;
      received.push({ from: event.from, bytes: event.bytes });
      for (const { bytes, as } of answer(event.bytes)) {
        sendFrom(as === "itself" ? address : { ...address, port: PORT + 1 }, event.from, bytes);
      }
    },
  });
  machine.perform({ kind: "listen", socket: SOCKET, port: PORT, address: address.ip, interface: null });
  return { address, received, send: (bytes, to) => sendFrom(address, to, bytes) };
}
