/**
 * chrony's access list → `restrict` lines.
 *
 * In chrony the last word on a network counts, and `all` takes back what was said before of networks within it (chrony.conf(5),
 * allow). Here flags of one network add up, and the most specific decides: so what is written is what is left at the end.
 */
import { parseNetwork } from "../../server/access.ts";
import { parseAddressLiteral } from "../../wire/address.ts";
import { CLOSED } from "./writer.ts";

/** One network, and whether it is answered. */
interface Rule {
  readonly network: Network;
  readonly allowed: boolean;
}

/** A network by its octets, those beyond its bits taken off. */
interface Network {
  /** As it is written. */
  readonly text: string;
  readonly octets: Uint8Array;
  readonly bits: number;
}

/** What `allow` and `deny` say without a network. */
const EVERYTHING: readonly Network[] = [networkOf("0.0.0.0/0")!, networkOf("::/0")!];

/** Flags of whoever is answered; control queries stay with this host. */
const ANSWERED = "nomodify notrap nopeer noquery";

/** An access list as chrony keeps it. */
export class ChronyAccess {
  #rules: readonly Rule[] = [];

  /**
   * `allow [all] [NETWORK]`, `deny [all] [NETWORK]`
   * @returns false where the network is a name, or no network
   */
  add(allowed: boolean, words: readonly string[]): boolean {
    const all = words[0]?.toLowerCase() === "all";
    const text = words[all ? 1 : 0];
    const named = text === undefined ? null : networkOf(expanded(text));
    if (text !== undefined && named === null) return false;
    for (const network of named === null ? EVERYTHING : [named]) {
      const kept = this.#rules.filter((rule) => !(all ? within(rule.network, network) : same(rule.network, network)));
      this.#rules = [...kept, { network, allowed }];
    }
    return true;
  }

  /** @param limited whether the rate of those answered is limited */
  lines(limited: boolean): readonly string[] {
    const flags = (allowed: boolean): string =>
      `${allowed ? ANSWERED : `noserve ${ANSWERED}`}${allowed && limited ? " limited" : ""}`;
    const [ipv4, ipv6] = EVERYTHING.map(
      (everything) => this.#rules.find(({ network }) => same(network, everything))?.allowed ?? false,
    ) as [boolean, boolean];
    const defaults =
      ipv4 === ipv6
        ? [`restrict default ${flags(ipv4)}`]
        : [`restrict -4 default ${flags(ipv4)}`, `restrict -6 default ${flags(ipv6)}`];
    const narrower = this.#rules.filter(({ network }) => network.bits > 0);
    // The host's own addresses keep the control queries they have.
    return [
      ...defaults,
      ...CLOSED.slice(1),
      ...narrower.map(
        ({ network: { text }, allowed }) =>
          `restrict ${text}${OWN.has(text) ? (allowed ? "" : " noserve") : ` ${flags(allowed)}`}`,
      ),
    ];
  }
}

const OWN: ReadonlySet<string> = new Set(["127.0.0.1", "::1"]);

function networkOf(text: string): Network | null {
  const parsed = parseNetwork(text);
  if (parsed === null) return null;
  const bits = Number(parsed.mask);
  const octets = parseAddressLiteral(parsed.address)!.octets;
  return {
    text: text.replace(/\/(32|128)$/, (whole) => (Number(whole.slice(1)) === octets.length * 8 ? "" : whole)),
    octets: Uint8Array.from(octets, (octet, index) => octet & (0xff00 >> Math.min(Math.max(bits - index * 8, 0), 8))),
    bits,
  };
}

function within(inner: Network, outer: Network): boolean {
  if (inner.octets.length !== outer.octets.length || inner.bits < outer.bits) return false;
  return outer.octets.every(
    (octet, index) => octet === (inner.octets[index]! & (0xff00 >> Math.min(Math.max(outer.bits - index * 8, 0), 8))),
  );
}

function same(one: Network, other: Network): boolean {
  return one.bits === other.bits && within(one, other);
}

/** chrony takes `10.0` and `10.0/16` for 10.0.0.0/16. */
function expanded(text: string): string {
  const [address = "", bits] = text.split("/");
  if (!/^\d+(\.\d+){0,2}$/.test(address)) return text;
  const parts = address.split(".");
  return `${[...parts, "0", "0", "0"].slice(0, 4).join(".")}/${bits ?? parts.length * 8}`;
}
