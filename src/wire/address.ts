/** Where a datagram comes from or goes to: an IP address and a UDP port, as text and number. */

/** An IP address literal with a port. Two addresses are the same when {@link addressKey} says so. */
export interface Address {
  /** IPv4 dotted quad or IPv6 in its canonical text (RFC 5952), with `%zone` where it is link-local. */
  readonly ip: string;
  /** 1 … 65535 */
  readonly port: number;
}

/** One string an address, for maps. */
export function addressKey(address: Address): string {
  return `${address.ip} ${address.port}`;
}

/** The address family of a literal. */
export function family(ip: string): 4 | 6 {
  return ip.includes(":") ? 6 : 4;
}

/** `192.0.2.7:123` or `[2001:db8::7]:123`. */
export function addressText(address: Address): string {
  return family(address.ip) === 6 ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}
