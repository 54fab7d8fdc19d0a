/**
 * What becomes of a datagram that reaches the server: one name a cause, the same in counters, JSON and the manual.
 */

/** The kinds of ends a datagram comes to; ntpd's `sysstats` counts by them. */
export type DispositionKind =
  | "answered" // a reply goes out
  | "limited" // held back for its rate
  | "restricted" // an access list says no
  | "authentication" // its MAC is not to be believed
  | "declined" // a solicitation that others should answer
  | "malformed" // no NTP packet, or none of ours
  | "handedOn"; // not the server's business: control queries, and packets for associations

/** All ends, with what they mean. */
export const DISPOSITIONS = {
  answered: { kind: "answered", text: "answered with the time" },
  kissed: { kind: "answered", text: "answered with the RATE kiss" },
  refusedKey: { kind: "answered", text: "answered with a crypto-NAK: the key is wrong, unknown or not trusted" },

  refusedCookie: {
    kind: "answered",
    text: "answered with NTSN: a request under NTS whose cookie or seal is not to be believed",
  },

  rateLimited: { kind: "limited", text: "too many requests from this client" },

  ignored: { kind: "restricted", text: "restrict ignore" },
  noServe: { kind: "restricted", text: "restrict noserve" },
  noQuery: { kind: "restricted", text: "a control query under restrict noquery" },
  noTrust: { kind: "restricted", text: "no MAC under restrict notrust" },
  oldVersion: { kind: "restricted", text: "an older version under restrict version" },

  authentication: {
    kind: "authentication",
    text: "a solicitation whose MAC is wrong, or its key unknown or not trusted",
  },
  cryptoNak: { kind: "authentication", text: "a crypto-NAK where a request should be" },

  noGroup: { kind: "declined", text: "a solicitation, and solicitations are not answered here" },
  unsynchronized: { kind: "declined", text: "a solicitation while this server is not synchronized" },
  stratum: { kind: "declined", text: "a solicitation by a client of too low a stratum" },
  loop: { kind: "declined", text: "a solicitation by a client that follows this server" },

  badSource: { kind: "malformed", text: "source port 0, or a source address that nobody can have" },
  ownPacket: { kind: "malformed", text: "a packet of our own that came back" },
  tooShort: { kind: "malformed", text: "fewer than 48 octets" },
  tooLong: { kind: "malformed", text: "longer than any NTP packet" },
  version: { kind: "malformed", text: "a version other than 1 to 4" },
  mode: { kind: "malformed", text: "mode 0" },
  extensionLength: { kind: "malformed", text: "an extension field whose length is wrong" },
  macLength: { kind: "malformed", text: "something at the end that is no MAC" },

  ntsFields: { kind: "malformed", text: "fields of NTS that make no request under it" },

  control: { kind: "handedOn", text: "a control query (mode 6)" },
  private: { kind: "handedOn", text: "a private query (mode 7); nothing here answers any" },
  notRequest: { kind: "handedOn", text: "mode 2, 4 or 5: a reply or a broadcast, which is never answered" },
} as const;

/** What became of a datagram. */
export type Disposition = keyof typeof DISPOSITIONS;

/** Datagrams by what became of them. */
export type Counts = { [Name in Disposition]: number };

/** Counters at zero. */
export function noCounts(): Counts {
  return Object.fromEntries(Object.keys(DISPOSITIONS).map((name) => [name, 0])) as Counts;
}

/** Datagrams by kind of end, and all of them together as `received`. */
export type Tally = Record<DispositionKind | "received", number>;

/** Sums counters up. */
export function tallyOf(counts: Readonly<Counts>): Tally {
  const tally: Tally = {
    received: 0,
    answered: 0,
    limited: 0,
    restricted: 0,
    authentication: 0,
    declined: 0,
    malformed: 0,
    handedOn: 0,
  };
  for (const name of Object.keys(counts) as Disposition[]) {
    tally[DISPOSITIONS[name].kind] += counts[name];
    tally.received += counts[name];
  }
  return tally;
}
