/** What a server is called in text: by the name it was given, its address, or both. */
import type { AssociationReport } from "../engine/port/snapshot.ts";
import { addressText } from "../wire/address.ts";
import { printable } from "./text.ts";

/** The part of a report that names it. */
export type Named = Pick<AssociationReport, "name" | "address" | "port">;

/** The NTP port, which need not be said. */
const USUAL_PORT = 123;

/** The address, with its port where that is not the usual one; the name while there is no address. */
export function shortName({ name, address, port }: Named): string {
  const ip = printable(address ?? name);
  return port === USUAL_PORT ? ip : addressText({ ip, port });
}

/** Whatever of it fits into so many columns and tells it from others: of one host's servers that is the port. */
export function nameWithin(server: Named, most: number): string {
  const full = fullName(server);
  if (full.length <= most) return full;
  const port = server.port === USUAL_PORT ? "" : `:${server.port}`;
  const name = printable(server.name);
  const room = most - port.length;
  return `${name.length <= room ? name : `${name.slice(0, room - 1)}…`}${port}`;
}

/** The name and the address where they differ: `ntp.example.net (192.0.2.7)`. */
export function fullName(server: Named): string {
  const { name, address } = server;
  return address === null || name === address ? shortName(server) : `${printable(name)} (${shortName(server)})`;
}
