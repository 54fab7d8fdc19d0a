/**
 * Other daemons' access lists → `restrict` lines, which answer the same addresses.
 *
 * Here the most specific network decides, and flags of one network add up; so what is written is what is left at the end of
 * another daemon's rules, in networks of which the most specific decides.
 *
 * - chrony: the last word on a network counts, and `all` takes back what was said before of networks within it
 *   (chrony.conf(5), allow). Networks are kept by half octets there (addrfilt.c), so `10.0.0.0/7` is two networks of 8 bits,
 *   and takes back what was said of those.
 * - ntpd-rs: whoever is on the denylist is denied, then whoever is not on the allowlist (ntp-proto's server.rs).
 *
 * Replies of our own sources need no line: `noserve` is about requests. A source that asks us is like any other client.
 */
import { parseNetwork } from "../../server/access.ts";
import { parseAddressLiteral } from "../../wire/address.ts";

/** A network by its octets, those beyond its bits taken off. */
export interface Network {
  /** As it is written. */
  readonly text: string;
  readonly octets: Uint8Array;
  readonly bits: number;
}

/** One network, or host by name, and whether it is answered. */
interface Rule {
  readonly network: Network;
  readonly allowed: boolean;
}

/** Both families. */
export const EVERYTHING: readonly Network[] = [networkOf("0.0.0.0/0")!, networkOf("::/0")!];

/** This host. */
const OWN: readonly Network[] = [networkOf("127.0.0.1")!, networkOf("::1")!];

/** Flags of whoever is answered; control queries stay with this host. */
const ANSWERED = "nomodify notrap nopeer noquery";

/** Whom another daemon answers. */
export interface Access {
  /** In any order, no network twice; the most specific decides. Nobody else is answered. */
  readonly rules: readonly Rule[];
  /** Hosts that are told by name. */
  readonly named: readonly { readonly name: string; readonly allowed: boolean }[];
}

/** Answers nobody. */
export const NOBODY: Access = { rules: [], named: [] };

/**
 * The `restrict` lines.
 * @param more flags of those that are answered, e.g. ` limited`
 */
export function accessLines({ rules, named }: Access, more: string = ""): readonly string[] {
  const flags = (allowed: boolean): string => (allowed ? `${ANSWERED}${more}` : `noserve ${ANSWERED}`);
  const [ipv4, ipv6] = EVERYTHING.map((family) => isAnswered(rules, family)) as [boolean, boolean];
  const defaults =
    ipv4 === ipv6
      ? [`restrict default ${flags(ipv4)}`]
      : [`restrict -4 default ${flags(ipv4)}`, `restrict -6 default ${flags(ipv6)}`];
  // The host's own addresses keep the control queries they have.
  const own = OWN.map((network) => `restrict ${network.text}${isAnswered(rules, network) ? "" : " noserve"}`);
  const narrower = rules.filter(({ network }) => network.bits > 0 && !OWN.some((one) => same(one, network)));
  return [
    ...defaults,
    ...own,
    ...narrower.map(({ network: { text }, allowed }) => `restrict ${text} ${flags(allowed)}`),
    ...named.map(({ name, allowed }) => `restrict ${name} ${flags(allowed)}`),
  ];
}

/** Whether a whole network, of which no part is told apart, is answered. */
function isAnswered(rules: readonly Rule[], network: Network): boolean {
  const [decisive] = rules
    .filter((rule) => within(network, rule.network))
    .toSorted((one, other) => other.network.bits - one.network.bits);
  return decisive?.allowed ?? false;
}

/** An access list as chrony keeps it. */
export class ChronyAccess {
  #rules: readonly Rule[] = [];
  #named: Access["named"] = [];

  /**
   * `allow [all] [NETWORK]`, `deny [all] [NETWORK]`
   * @returns what cannot be said here; `null`: all is taken
   */
  add(allowed: boolean, words: readonly string[]): string | null {
    const all = words[0]?.toLowerCase() === "all";
    const [text, ...others] = all ? words.slice(1) : words;
    if (others.length > 0) return `"${others[0]}" after all that it takes`;
    const networks = text === undefined ? EVERYTHING : text.toLowerCase() === "localhost" ? OWN : networksOf(text);
    if (networks.length === 0) return this.#addName(allowed, text!);
    for (const network of networks) {
      if (all && network.bits > 0 && this.#named.length > 0)
        return `it may take back what was said of ${this.#named[0]!.name}, whose address is not known yet`;
      const kept = this.#rules.filter((rule) => !isTakenBack(rule.network, network, all));
      this.#rules = [...kept, { network, allowed }];
    }
    if (all && text === undefined) this.#named = [];
    return null;
  }

  #addName(allowed: boolean, name: string): string | null {
    if (!NAME.test(name)) return `"${name}" is no network`;
    this.#named = [...this.#named.filter((one) => one.name !== name), { name, allowed }];
    return null;
  }

  /** Whom it answers in the end. */
  get access(): Access {
    return { rules: this.#rules, named: this.#named };
  }
}

/** Bits that chrony looks at together. */
const CHRONY_BITS = 4;

function isTakenBack(earlier: Network, later: Network, all: boolean): boolean {
  const overwritten = Math.ceil(later.bits / CHRONY_BITS) * CHRONY_BITS;
  return within(earlier, later) && (all || earlier.bits <= overwritten);
}

/**
 * Whom ntpd-rs answers.
 * @param allowed networks of the allowlist
 * @param denied networks of the denylist
 */
export function ntpdRsAccess(allowed: readonly Network[], denied: readonly Network[]): Access {
  const answered = allowed.filter((network) => !denied.some((other) => within(network, other)));
  const unique = (networks: readonly Network[]): Network[] =>
    networks.filter((network, index) => networks.findIndex((other) => same(network, other)) === index);
  return {
    rules: [
      ...unique(answered).map((network) => ({ network, allowed: true })),
      ...unique(denied).map((network) => ({ network, allowed: false })),
    ],
    named: [],
  };
}

/** Reads `ADDRESS` or `ADDRESS/BITS`; `null`: neither. */
export function networkOf(text: string): Network | null {
  const parsed = parseNetwork(text);
  if (parsed === null) return null;
  const bits = Number(parsed.mask);
  const octets = parseAddressLiteral(parsed.address)!.octets;
  return {
    text: text.replace(/\/(32|128)$/, (whole) => (Number(whole.slice(1)) === octets.length * 8 ? "" : whole)),
    octets: Uint8Array.from(octets, (octet, index) => octet & octetMask(bits, index)),
    bits,
  };
}

function octetMask(bits: number, index: number): number {
  return 0xff00 >> Math.min(Math.max(bits - index * 8, 0), 8);
}

function within(inner: Network, outer: Network): boolean {
  if (inner.octets.length !== outer.octets.length || inner.bits < outer.bits) return false;
  return outer.octets.every((octet, index) => octet === (inner.octets[index]! & octetMask(outer.bits, index)));
}

/** Whether two networks are the same, however they are written. */
export function same(one: Network, other: Network): boolean {
  return one.bits === other.bits && within(one, other);
}

/** A host, and none of the words that `restrict` takes for something else. */
const NAME = /^(?!(?:default|source)$)(?=.*[a-z])[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i;

function networksOf(text: string): readonly Network[] {
  const network = networkOf(expanded(text));
  return network === null ? [] : [network];
}

/** chrony takes `10.0` and `10.0/16` for 10.0.0.0/16. */
function expanded(text: string): string {
  const [address = "", bits] = text.split("/");
  if (!/^\d+(\.\d+){0,2}$/.test(address)) return text;
  const parts = address.split(".");
  return `${[...parts, "0", "0", "0"].slice(0, 4).join(".")}/${bits ?? parts.length * 8}`;
}
