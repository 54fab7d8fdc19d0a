/**
 * A server as it is named on the command line (the contract's SERVER):
 *
 * ```text
 * HOST  HOST:PORT  IPv4:PORT  [IPv6]:PORT  [IPv6]  IPv6  IPv6%zone      then any of
 * ,prefer  ,noselect  ,true  ,nts  ,key=ID  ,samples=N
 * ```
 */
import { isMulticast } from "../wire/address.ts";
import { asciiName } from "./hostname.ts";
import { literalFamily, plainLiteral } from "./literal.ts";
import { didYouMean } from "./suggest.ts";
import { UsageError } from "./usage.ts";
import { parseInteger } from "./values.ts";

/** One server as named, defaults not yet filled in. */
export interface ServerSpec {
  /** A DNS name in ASCII, or an IP literal without brackets. */
  readonly name: string;
  /** 1 … 65535, with NTS that of key establishment; `null`: the run's. */
  readonly port: number | null;
  readonly prefer: boolean;
  readonly noselect: boolean;
  /** ntp.conf's `true`. */
  readonly trusted: boolean;
  /** Under Network Time Security. */
  readonly nts: boolean;
  /** 1 … 65535 */
  readonly key: number | null;
  /** 1 … {@link MOST_SAMPLES} */
  readonly samples: number | null;
}

/** The most samples of one server in a run. */
export const MOST_SAMPLES = 64;

/** Symmetric key identifiers (RFC 5905 §7.3; larger ones are Autokey's). */
export const MOST_KEY_ID = 65_535;

type Draft = { -readonly [K in keyof ServerSpec]: ServerSpec[K] };

/** What may follow a server's name, each behind a comma. */
const OPTIONS: Readonly<
  Record<
    string,
    { readonly takes: string | null; readonly apply: (server: Draft, value: string, what: string) => void }
  >
> = {
  prefer: { takes: null, apply: (server) => void (server.prefer = true) },
  noselect: { takes: null, apply: (server) => void (server.noselect = true) },
  true: { takes: null, apply: (server) => void (server.trusted = true) },
  nts: { takes: null, apply: (server) => void (server.nts = true) },
  key: { takes: "ID", apply: (server, value, what) => void (server.key = parseInteger(value, what, 1, MOST_KEY_ID)) },
  samples: {
    takes: "N",
    apply: (server, value, what) => void (server.samples = parseInteger(value, what, 1, MOST_SAMPLES)),
  },
};

/**
 * Reads one SERVER argument.
 * @throws UsageError naming the argument and what is wrong with it
 */
export function parseServer(text: string): ServerSpec {
  const [where, ...options] = text.split(",");
  const server: Draft = {
    ...parseHostPort(where!, text),
    prefer: false,
    noselect: false,
    trusted: false,
    nts: false,
    key: null,
    samples: null,
  };
  for (const option of options) applyOption(server, option, text);
  if (server.nts && server.key !== null)
    throw new UsageError(
      `server "${text}": ",nts" and ",key" exclude each other`,
      "a server is asked under the one or the other",
    );
  return server;
}

/**
 * Reads one SERVER argument where it is asked itself: a group is not.
 * @throws UsageError
 */
export function parseUnicastServer(text: string): ServerSpec {
  const server = parseServer(text);
  if (isMulticast(server.name)) {
    throw new UsageError(
      `"${server.name}" is a multicast group, not a server`,
      `"ntpkit manycast ${server.name}" searches it for servers, "ntpkit broadcast ${server.name}" listens to those that broadcast`,
    );
  }
  return server;
}

function applyOption(server: Draft, option: string, text: string): void {
  const equals = option.indexOf("=");
  const name = equals < 0 ? option : option.slice(0, equals);
  const known = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (known === undefined) {
    const offered = Object.keys(OPTIONS);
    throw new UsageError(
      `server "${text}": unknown option "${name}"`,
      didYouMean(name, offered) ?? `a server may have ${offered.map((word) => `,${word}`).join(" ")}`,
    );
  }
  if (known.takes === null && equals >= 0) throw new UsageError(`server "${text}": ",${name}" takes no value`);
  if (known.takes !== null && equals < 0)
    throw new UsageError(`server "${text}": ",${name}" needs a value`, `write ,${name}=${known.takes}`);
  known.apply(server, option.slice(equals + 1), `server "${text}", ${name}`);
}

/** The host and port; brackets and colons as in a URL's authority. */
function parseHostPort(where: string, text: string): { name: string; port: number | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(where);
  if (bracketed !== null) {
    const literal = bracketed[1]!.includes(":") ? plainLiteral(bracketed[1]!) : null;
    if (literal === null)
      throw new UsageError(
        `server "${text}": "${bracketed[1]!}" is not an IPv6 address`,
        "only an IPv6 address stands in brackets",
      );
    return { name: literal, port: bracketed[2] === undefined ? null : parsePort(bracketed[2], text) };
  }
  const literal = where.includes(":") ? plainLiteral(where) : null;
  if (literal !== null) return { name: literal, port: null };
  const [host, port, ...more] = where.split(":");
  if (more.length > 0)
    throw new UsageError(
      `server "${text}": "${where}" is not an IPv6 address`,
      "write an IPv6 address with a port as [ADDRESS]:PORT",
    );
  return { name: checkHost(host!, text), port: port === undefined ? null : parsePort(port, text) };
}

function parsePort(word: string, text: string): number {
  const stray = /\D/.exec(word);
  if (stray !== null)
    throw new UsageError(
      `server "${text}", port: "${word}" is not a whole number: "${stray[0]}" in column ${text.indexOf(`:${word}`) + stray.index + 2}`,
      "from 1 to 65535",
    );
  return parseInteger(word, `server "${text}", port`, 1, 65_535);
}

/** An IPv4 literal, or a DNS name as it goes to the resolver. */
function checkHost(host: string, text: string): string {
  if (host === "") throw new UsageError(`server "${text}" has no name`, "write HOST or HOST:PORT");
  if (literalFamily(host) === 4) return host;
  if (host.startsWith("-")) throw new UsageError(`server "${text}": a name cannot start with "-"`);
  const told = asciiName(host);
  if ("name" in told) return told.name;
  const hint = NUMBERS.test(host) ? "an IPv4 address is four numbers from 0 to 255" : null;
  throw new UsageError(`server "${text}": ${told.message}`, hint);
}

/** Somebody meant to write an address. */
const NUMBERS = /^[\d.]+$/;
