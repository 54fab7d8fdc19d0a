/**
 * Access lists: who may do what, as ntp.conf's `restrict` lines say it. The most specific entry that matches a source decides
 * alone; nothing is inherited from wider ones.
 *
 * Entries are kept by mask: for each mask in use, the most specific first, a hash table of the networks that have it. A look-up
 * costs one probe a mask, however many networks there are, and allocates nothing.
 */
import { parseAddressLiteral } from "../wire/address.ts";
import { MaskTable } from "./masktable.ts";
import type { MaskEntry } from "./masktable.ts";
import { IPV4_MAPPED, readOctets, sourceOf, sourceText } from "./source.ts";
import type { SourceWords } from "./source.ts";

/** The flags of `restrict`, with what each forbids or asks for. */
export const RESTRICT_FLAGS = {
  ignore: "drop everything, control queries included",
  noserve: "do not answer requests for the time",
  noquery: "do not answer control queries",
  nomodify: "do not let control queries change anything",
  notrap: "do not let control queries set traps (there are none here)",
  lowpriotrap: "traps set from here give way to others (there are none here)",
  nopeer: "mobilize no association by what comes from here",
  noepeer: "mobilize no ephemeral symmetric association",
  notrust: "take only what has a MAC made with a trusted key",
  limited: "limit the rate",
  kod: "say so by a kiss when the rate is limited",
  version: "take only the current version of NTP",
  mssntp: "have Microsoft's requests signed by a domain controller (without effect here)",
  ntpport: "the line counts only for source port 123",
} as const;

/** One flag of a `restrict` line. */
export type RestrictFlag = keyof typeof RESTRICT_FLAGS;

const NAMES = Object.keys(RESTRICT_FLAGS) as RestrictFlag[];

/** The bit of each flag. */
export const FLAG: { readonly [Flag in RestrictFlag]: number } = Object.freeze(
  Object.fromEntries(NAMES.map((name, bit) => [name, 1 << bit])) as { [Flag in RestrictFlag]: number },
);

/** NTP's port, for `ntpport`. */
const NTP_PORT = 123;

/** Whether a word is a flag. */
export function isRestrictFlag(word: string): word is RestrictFlag {
  return Object.hasOwn(RESTRICT_FLAGS, word);
}

/** The flags of a word of bits, in the order of {@link RESTRICT_FLAGS}. */
export function flagNames(bits: number): readonly RestrictFlag[] {
  return NAMES.filter((name) => (bits & FLAG[name]) !== 0);
}

/** The word of bits of some flags. */
export function flagBits(flags: readonly RestrictFlag[]): number {
  return flags.reduce((bits, flag) => bits | FLAG[flag], 0);
}

/** One entry as it was asked for. */
export interface AccessEntry {
  /** An IP literal; its octets beyond the mask do not matter. */
  readonly address: string;
  /** A prefix length, 0 … 32 or 128, or a netmask as an IP literal of the same family. */
  readonly mask: number | string;
  readonly flags: readonly RestrictFlag[];
}

/** One rule of an access list, as data: about a network, or about the servers that associations are with. */
export type AccessRule =
  | (AccessEntry & {
      readonly about: "network";
      /** Whether whoever it counts for may send control queries, unless it says `noquery`. */
      readonly opensQueries: boolean;
    })
  | { readonly about: "sources"; readonly flags: readonly RestrictFlag[] };

/** The rules about everybody, of both families unless one is named. */
export function defaultRules(
  flags: readonly RestrictFlag[],
  family: 4 | 6 | null = null,
  opensQueries: boolean = true,
): readonly AccessRule[] {
  return ["0.0.0.0", "::"]
    .filter((_, index) => family === null || family === [4, 6][index])
    .map((address) => ({ about: "network", address, mask: 0, flags, opensQueries }));
}

/** An access list. Without entries everything is allowed. */
export class AccessList {
  readonly #table = new MaskTable();
  #template: number | null = null;

  /** @param rules flags of rules about the same network add up, in whatever order they come */
  constructor(rules: readonly AccessRule[] = []) {
    // As in ntpd there is always a default for each family, so that IPv6's never counts for IPv4.
    for (const rule of [...defaultRules([], null, false), ...rules]) this.#add(rule);
  }

  #add(rule: AccessRule): void {
    if (rule.about === "network") this.restrict(rule, rule.opensQueries);
    else this.restrictSource(rule.flags);
  }

  /**
   * `restrict ADDRESS mask MASK FLAGS`; flags of an entry that is there already are added to it.
   * @param opensQueries whether whoever it counts for may send control queries, unless it says `noquery`
   * @throws RangeError when the address is no literal, or the mask does not fit it; configurations have been checked by then
   */
  restrict({ address, mask, flags }: AccessEntry, opensQueries: boolean = true): void {
    const bits = flagBits(flags);
    this.#table.add(
      wordsOf(address),
      maskWords(address, mask),
      bits & ~FLAG.ntpport,
      (bits & FLAG.ntpport) !== 0,
      opensQueries,
    );
  }

  /** `restrict default FLAGS`, for both families unless one is named. */
  restrictDefault(flags: readonly RestrictFlag[], family: 4 | 6 | null = null, opensQueries: boolean = true): void {
    if (family !== 6) this.restrict({ address: "0.0.0.0", mask: 0, flags }, opensQueries);
    if (family !== 4) this.restrict({ address: "::", mask: 0, flags }, opensQueries);
  }

  /** `restrict source FLAGS`: what {@link AccessList.admitSource} gives to the servers that associations are with. */
  restrictSource(flags: readonly RestrictFlag[]): void {
    this.#template = (this.#template ?? 0) | flagBits(flags);
  }

  /** The flags of {@link AccessList.restrictSource}; `null`: there is no template. */
  get sourceTemplate(): number | null {
    return this.#template;
  }

  /**
   * An association with this address was mobilized: where there is a template and no entry of the address's own, it gets one.
   * @param ip an IP literal; anything else is passed over
   */
  admitSource(ip: string): void {
    const words = sourceOf(ip);
    if (this.#template === null || words === null) return;
    const onlyNtpPort = (this.#template & FLAG.ntpport) !== 0;
    this.#table.addTemporary(words, WHOLE, this.#template & ~FLAG.ntpport, onlyNtpPort);
  }

  /** The association with this address was demobilized. */
  dismissSource(ip: string): void {
    const words = sourceOf(ip);
    if (words !== null) this.#table.removeTemporary(words, WHOLE);
  }

  /**
   * The flags that count for a source; 0: none.
   * @param port the source port, 0 … 65535
   */
  flagsFor(source: Readonly<SourceWords>, port: number): number {
    return this.#table.find(source, port === NTP_PORT);
  }

  /**
   * What a source may do by control queries, whose answers can be longer than they are: nothing, unless it is this host, or an
   * entry counts for it that somebody asked for; and nothing where the entry says `noquery` or `ignore`.
   */
  queryRights(source: Readonly<SourceWords>, port: number): QueryRights {
    const { flags, isAsked } = this.#table.look(source, port === NTP_PORT);
    if ((flags & (FLAG.noquery | FLAG.ignore)) !== 0 || !(isAsked || isOwnHost(source))) return "none";
    return (flags & FLAG.nomodify) === 0 ? "all" : "read";
  }

  /** All entries, IPv4's first, the most specific masks first. */
  entries(): readonly ListedEntry[] {
    const listed = Array.from(this.#table.entries(), listedEntry);
    return listed.toSorted((one, other) => Number(one.address.includes(":")) - Number(other.address.includes(":")));
  }
}

/** What a source may do by control queries. */
export type QueryRights = "none" | "read" | "all";

/** An entry as lists show it. */
export interface ListedEntry {
  /** IP literals of one family. */
  readonly address: string;
  readonly mask: string;
  readonly flags: readonly RestrictFlag[];
  /** How often it was the one that counted. */
  readonly hits: number;
}

function listedEntry({ network, mask, onlyNtpPort, flags, hits }: MaskEntry): ListedEntry {
  const names = flagNames(flags | (onlyNtpPort ? FLAG.ntpport : 0));
  if (mask.c !== -1 || network.c !== IPV4_MAPPED)
    return { address: sourceText(network), mask: sourceText(mask), flags: names, hits };
  const ipv4 = { a: 0, b: 0, c: IPV4_MAPPED, d: mask.d };
  return { address: sourceText(network), mask: sourceText(ipv4), flags: names, hits };
}

/** The loopback addresses (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
function isOwnHost({ a, b, c, d }: Readonly<SourceWords>): boolean {
  return a === 0 && b === 0 && (c === IPV4_MAPPED ? d >>> 24 === 127 : c === 0 && d === 1);
}

/** One `--allow NET` or `--deny NET`. */
export interface NetworkRule {
  readonly verb: "allow" | "deny";
  /** `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32` */
  readonly network: string;
}

/**
 * The access list of `--allow` and `--deny`: the most specific network decides, `deny` where both name the same. As soon as
 * anything is allowed, all that is not is denied. What is denied is dropped in silence. Who is allowed gets the time; control
 * queries stay with this host.
 * @param flags of what is allowed, e.g. `limited kod`
 * @returns the rules of the list, or the first network that is none
 */
export function accessOfRules(
  rules: readonly NetworkRule[],
  flags: readonly RestrictFlag[] = [],
): readonly AccessRule[] | { readonly fault: string } {
  const isClosed = rules.some(({ verb }) => verb === "allow");
  const made = [...defaultRules(isClosed ? ["ignore"] : flags, null, false)];
  for (const { verb, network } of rules) {
    const entry = parseNetwork(network);
    if (entry === null) return { fault: network };
    made.push({ about: "network", ...entry, flags: verb === "deny" ? ["ignore"] : flags, opensQueries: false });
  }
  return made;
}

/**
 * Reads `ADDRESS` or `ADDRESS/BITS`.
 * @returns `null` when it is neither
 */
export function parseNetwork(text: string): Pick<AccessEntry, "address" | "mask"> | null {
  const [, address = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const literal = parseAddressLiteral(address);
  if (literal === null || literal.zone !== null) return null;
  const most = literal.octets.length * 8;
  const mask = bits === undefined ? most : Number(bits);
  return mask <= most ? { address, mask } : null;
}

/** The mask of a single address. */
const WHOLE: Readonly<SourceWords> = { a: -1, b: -1, c: -1, d: -1 };
/** Bits before the IPv4 address in its mapped form. */
const MAPPED_BITS = 96;

function wordsOf(address: string): SourceWords {
  const words = sourceOf(address);
  if (words === null) throw new RangeError(`"${address}" is not an IP address`);
  return words;
}

function maskWords(address: string, mask: number | string): SourceWords {
  const isIpv4 = parseAddressLiteral(address)?.octets.length === 4;
  if (typeof mask === "number") {
    if (!(mask >= 0 && mask <= (isIpv4 ? 32 : 128))) throw new RangeError(`/${mask} does not fit ${address}`);
    return prefixWords(isIpv4 ? MAPPED_BITS + mask : mask);
  }
  const octets = parseAddressLiteral(mask)?.octets;
  if (octets === undefined || (octets.length === 4) !== isIpv4)
    throw new RangeError(`netmask ${mask} does not fit ${address}`);
  const words = { a: 0, b: 0, c: 0, d: 0 };
  readOctets(octets, words);
  return isIpv4 ? { a: -1, b: -1, c: -1, d: words.d } : words;
}

function prefixWords(bits: number): SourceWords {
  const word = (index: number): number => {
    const prefix = Math.min(Math.max(bits - index * 32, 0), 32);
    return prefix === 0 ? 0 : -1 << (32 - prefix);
  };
  return { a: word(0), b: word(1), c: word(2), d: word(3) };
}
