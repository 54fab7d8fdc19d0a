/** `interface` lines → the addresses that are listened on. */
import { addressOctets, inNetwork } from "../wire/address.ts";
import { literalFamily } from "./literal.ts";
import type { InterfaceLine } from "./ntpconf/record.ts";

/**
 * Which addresses are listened on: the last line that fits an address decides, and where none does it is (ntp.conf(5)).
 * @param interfaces addresses by interface; IPv6 link-local ones may have their `%zone`
 * @returns `null`: every address there is and will be
 */
export function listening(lines: readonly InterfaceLine[], interfaces: Readonly<Record<string, readonly string[]>>): readonly string[] | null {
  if (lines.every(({ action }) => action === "listen")) return null;
  const all = Object.entries(interfaces).flatMap(([name, addresses]) => addresses.map((address) => ({ name, address })));
  return all.filter(({ name, address }) => decision(lines, name, address) === "listen").map(({ address }) => address);
}

function decision(lines: readonly InterfaceLine[], name: string, address: string): InterfaceLine["action"] {
  return lines.findLast((line) => fits(line, name, address))?.action ?? "listen";
}

function fits({ what }: InterfaceLine, name: string, address: string): boolean {
  const [ip = address] = address.split("%");
  if (what === "all") return true;
  if (what === "ipv4" || what === "ipv6") return literalFamily(ip) === (what === "ipv4" ? 4 : 6);
  if (what === "wildcard") return false;
  if (what === name || what === ip || what === address) return true;
  const [network = "", bits] = what.split("/");
  const octets = addressOctets(ip);
  const base = addressOctets(network);
  return bits !== undefined && octets !== null && base !== null && octets.length === base.length && inNetwork(octets, base, Number(bits));
}
