/** This machine's addresses, as a daemon keeps an eye on them. */
import { networkInterfaces } from "node:os";

/** Addresses by interface; IPv6 link-local ones with their `%zone`. */
export function interfacesNow(): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(networkInterfaces()).map(([name, infos]) => [name, (infos ?? []).map(({ address, scopeid }) => (scopeid === undefined || scopeid === 0 ? address : `${address}%${name}`))]));
}

/** The addresses by which others know us, as a text. Of IPv6 only the number counts: temporary addresses change every day. */
export function addressesNow(): string {
  const interfaces = Object.entries(networkInterfaces()).map(([name, infos]) => {
    const ipv4 = (infos ?? []).filter(({ family }) => family === "IPv4").map(({ address }) => address);
    return `${name} ${ipv4.toSorted().join(",")} ${(infos ?? []).some(({ family }) => family === "IPv6")}`;
  });
  return interfaces.toSorted().join("; ");
}
