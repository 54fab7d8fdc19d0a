/** Which of a host's addresses are listened on, as interfaces come and go. */
import { addressOctets, inNetwork } from "../../wire/address.ts";
import type { ListenRule } from "../port/config.ts";
import type { HostAddresses } from "../port/event.ts";

/** The wildcards of both families. */
export const ALL_ADDRESSES: readonly string[] = ["0.0.0.0", "::"];

/**
 * Which addresses are listened on: the last rule that fits an address decides, and where none does it is (ntp.conf(5)).
 * @param interfaces addresses by interface; IPv6 link-local ones may have their `%zone`
 * @returns the wildcards where no rule keeps any away: every address there is and will be
 */
export function listening(rules: readonly ListenRule[], interfaces: HostAddresses): readonly string[] {
  if (rules.every(({ action }) => action === "listen")) return ALL_ADDRESSES;
  const all = Object.entries(interfaces).flatMap(([name, addresses]) =>
    addresses.map((address) => ({ name, address })),
  );
  return all.filter(({ name, address }) => decision(rules, name, address) === "listen").map(({ address }) => address);
}

/** Whether one of this host's addresses, an IP literal without a zone, is listened on; see {@link listening}. */
export function isListenedOn(rules: readonly ListenRule[], interfaces: HostAddresses, ip: string): boolean {
  const addresses = listening(rules, interfaces);
  return addresses === ALL_ADDRESSES || addresses.some((address) => address.split("%")[0] === ip);
}

/** Whether there is no address that would ever be listened on: nothing after `ignore all` says otherwise. */
export function isDeaf(rules: readonly ListenRule[]): boolean {
  const last = rules.findLastIndex(({ what, action }) => what === "all" || action === "listen");
  return last >= 0 && rules[last]!.action !== "listen";
}

function decision(rules: readonly ListenRule[], name: string, address: string): ListenRule["action"] {
  return rules.findLast((rule) => fits(rule, name, address))?.action ?? "listen";
}

function fits({ what }: ListenRule, name: string, address: string): boolean {
  const [ip = address] = address.split("%");
  const octets = addressOctets(ip);
  if (what === "all") return true;
  if (what === "ipv4" || what === "ipv6") return octets?.length === (what === "ipv4" ? 4 : 16);
  if (what === "wildcard") return false;
  if (what === name || what === ip || what === address) return true;
  const [network = "", bits] = what.split("/");
  const base = addressOctets(network);
  return (
    bits !== undefined &&
    octets !== null &&
    base !== null &&
    octets.length === base.length &&
    inNetwork(octets, base, Number(bits))
  );
}
