/** Which sockets this machine gets: the kernel's stamps where we can have them, Node's sockets elsewhere. */
import { isKnownLayout } from "../layout.ts";
import { libc } from "../libc.ts";
import { NativeUdp } from "./native.ts";
import type { Udp, UdpHost } from "./udp.ts";

/** Makes a set of sockets. */
export async function chooseUdp(host: UdpHost): Promise<Udp> {
  return nativeUdp(host) ?? dgramUdp(host);
}

/** Our own sockets; `null` where libc or the kernel's structures are not as we know them. */
export function nativeUdp(host: UdpHost): Udp | null {
  const c = isKnownLayout() ? libc() : null;
  return c === null ? null : new NativeUdp(c, host);
}

/** Node's sockets. */
export async function dgramUdp(host: UdpHost): Promise<Udp> {
  const { DgramUdp } = await import("./dgram.ts");
  return new DgramUdp(host);
}
