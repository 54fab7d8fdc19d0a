/** Requests, arrivals and servers for the tests of this room. */
import { AccessList } from "../../src/server/access.ts";
import { NO_FALLBACKS } from "../../src/server/local.ts";
import { DEFAULT_MRU } from "../../src/server/mru.ts";
import type { ServedVariables } from "../../src/server/published.ts";
import { DEFAULT_RATE } from "../../src/server/rate.ts";
import { loadArrival, newArrival } from "../../src/server/reply.ts";
import type { Arrival, Cast } from "../../src/server/reply.ts";
import { NtpServer } from "../../src/server/server.ts";
import type { ServerSettings, ServerSurroundings } from "../../src/server/server.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Mono } from "../../src/time/mono.ts";
import { timestamp } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeHeader } from "../../src/wire/header.ts";
import type { Header } from "../../src/wire/header.ts";

/** A client's plain request. */
export const REQUEST: Header = {
  leap: "unsynchronized",
  version: 4,
  mode: "client",
  stratum: 0,
  poll: 6,
  precision: -20,
  rootDelay: 0,
  rootDispersion: 0,
  referenceId: 0,
  reference: timestamp(0, 0),
  origin: timestamp(0, 0),
  receive: timestamp(0, 0),
  transmit: timestamp(0xec00_0001, 0xdead_beef),
};

/** What a stratum 2 server says of itself. */
export const SYNCHRONIZED: ServedVariables = {
  leap: "none",
  stratum: 2,
  referenceId: 0xc000_0201,
  reference: timestamp(0xebff_fff0, 0x8000_0000),
  rootDelay: 0.001,
  rootDispersion: 0.002,
};

export const CLOCK: NtpTimestamp = timestamp(0xec00_0000, 0x1234_5678);
export const NOW: { mono: Mono; clock: NtpTimestamp } = { mono: 100 as Mono, clock: CLOCK };

export function requestOf(fields: Partial<Header>): Uint8Array {
  return encodeHeader({ ...REQUEST, ...fields });
}

export interface ServerOptions extends Partial<ServerSettings>, Partial<ServerSurroundings> {
  readonly system?: ServedVariables | null;
}

/** A server at stratum 2 unless told otherwise; `system: null`: one that follows nothing. */
export function serverOf(options: ServerOptions = {}): NtpServer {
  const {
    mru = DEFAULT_MRU,
    seed = 1,
    chance = () => 0.5,
    startedAt = 0 as Mono,
    isOurs,
    system = SYNCHRONIZED,
    ...settings
  } = options;
  const server = new NtpServer(
    {
      access: new AccessList(),
      security: securityProvider(null),
      rate: DEFAULT_RATE,
      precision: -24,
      fallbacks: NO_FALLBACKS,
      solicitations: null,
      own: { addresses: ["192.0.2.1", "2001:db8::1"], port: 123 },
      smear: null,
      ...settings,
    },
    { mru, seed, chance, startedAt, ...(isOurs === undefined ? {} : { isOurs }) },
  );
  if (system !== null) server.update(system, NOW);
  return server;
}

export interface ArrivalOptions {
  readonly ip?: string;
  readonly port?: number;
  readonly cast?: Cast;
  readonly at?: NtpTimestamp;
  readonly mono?: number;
}

export function arrivalOf(bytes: Uint8Array, options: ArrivalOptions = {}): Arrival {
  const { ip = "198.51.100.7", port = 40_000, cast = "unicast", at = CLOCK, mono = 100 } = options;
  const arrival = newArrival();
  loadArrival(arrival, bytes, { ip, port }, cast, at, mono as Mono);
  return arrival;
}

/** The octets a server sends for a datagram, T3 included; `null`: none. */
export function exchange(
  server: NtpServer,
  bytes: Uint8Array,
  options: ArrivalOptions & { readonly t3?: NtpTimestamp } = {},
): Uint8Array | null {
  const disposition = server.receive(arrivalOf(bytes, options));
  if (disposition !== "answered" && disposition !== "kissed" && disposition !== "refusedKey") return null;
  const t3 = options.t3 ?? timestamp(0xec00_0000, 0x1235_0000);
  const length = server.complete(server.reply, Number(BigInt.asIntN(32, t3 >> 32n)), Number(BigInt.asIntN(32, t3)));
  return length === 0 ? null : server.reply.bytes.slice(0, length);
}
