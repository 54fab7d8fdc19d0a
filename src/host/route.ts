/** Which address of ours packets leave from: a socket is connected, of which nothing is sent, and the system is asked what it chose. */
import type { Socket } from "node:dgram";
import type { Event } from "../engine/port/event.ts";
import { family, type Address } from "../wire/address.ts";
import { addressesByInterface } from "./interfaces.ts";

/**
 * Finds out.
 * @param by the interface that packets leave by; `null`: the route's
 */
export function tellRoute(to: Address, by: string | null, put: (event: Event) => void): void {
  const tell = (from: string | null): void => put({ kind: "routed", to, from });
  const ofInterface = by === null ? null : addressOf(by, family(to.ip));
  if (by !== null) return void setImmediate(tell, ofInterface);
  // Few runs ask for it, and Node's sockets take a millisecond to load.
  const { createSocket } = process.getBuiltinModule("node:dgram");
  const socket = createSocket(family(to.ip) === 4 ? "udp4" : "udp6");
  const end = (from: string | null): void => {
    socket.close();
    tell(from);
  };
  socket.once("error", () => end(null));
  const connect = (): void => socket.connect(to.port, to.ip, () => end(ownAddress(socket)));
  if (family(to.ip) === 6) return connect();
  // A broadcast address is connected to by nobody who has not said that he means it.
  socket.bind(0, () => {
    socket.setBroadcast(true);
    connect();
  });
}

/** null: a sandbox does not let the system be asked. */
function ownAddress(socket: Socket): string | null {
  try {
    return socket.address().address;
  } catch {
    return null;
  }
}

/** The first address that an interface has of a family; link-local ones only for want of others. */
function addressOf(name: string, wanted: 4 | 6): string | null {
  const addresses = (addressesByInterface()[name] ?? []).filter((ip) => family(ip) === wanted);
  return addresses.find((ip) => !ip.includes("%")) ?? addresses[0] ?? null;
}
