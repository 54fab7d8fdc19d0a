/** The lists that need the control key: local addresses (`ifstats`) and the access list (`reslist`; RFC 9327 §4 "Read Ordered List"). */
import type { ControlView } from "../../engine/port/control.ts";
import type { RestrictFlag } from "../../server/access.ts";
import { tallyOf } from "../../server/disposition.ts";
import { addressText, family } from "../../wire/address.ts";
import { hexadecimal, listText, quoted } from "./text.ts";

/** The sockets that clients are heard on. */
export function interfaceList(view: ControlView): string {
  const { received, answered } = tallyOf(view.counts);
  const rows = view.sockets.map(({ address, port }, index) => {
    const version = family(address);
    const isWildcard = WILDCARDS.has(address);
    // The server counts its requests without telling its sockets apart, as each family's associations have one socket.
    const isFirst = index === 0;
    const isFirstOfItsFamily = view.sockets.findIndex((other) => family(other.address) === version) === index;
    const fields = {
      addr: addressText({ ip: address, port }),
      bcast: "",
      en: 1,
      name: quoted(`v${version}${isWildcard ? "wildcard" : ""}`),
      flags: hexadecimal(FLAGS.up | (isWildcard ? FLAGS.wildcard : 0)),
      tl: 0,
      mc: 0,
      rx: isFirst ? received : 0,
      tx: isFirst ? answered : 0,
      txerr: 0,
      pc: isFirstOfItsFamily ? associationsOf(view, version) : 0,
      up: Math.floor(view.snapshot.elapsed),
    };
    return itemsOf(fields, index);
  });
  return listText(rows.flat());
}

/** Addresses that stand for all of the host's. */
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Those whose address is of a family; who has none yet counts to IPv4. */
function associationsOf({ peers }: ControlView, version: 4 | 6): number {
  return peers.filter(({ report: { address } }) => (address === null ? 4 : family(address)) === version).length;
}

/** The access list, in words as ntpd has them. */
export function restrictionList({ access }: ControlView): string {
  const rows = access
    .entries()
    .map(({ address, mask, hits, flags }, index) =>
      itemsOf({ addr: address, mask, hits, flags: flagWords(flags) }, index),
    );
  return listText(rows.flat());
}

/** ntpd's `INT_UP` and `INT_WILDCARD`. */
const FLAGS = { up: 0x01, wildcard: 0x80 } as const;

function itemsOf(fields: Readonly<Record<string, string | number>>, index: number): string[] {
  return Object.entries(fields).map(([name, value]) => `${name}.${index}=${value}`);
}

/** As ntpd has them: first what the entry is about, then what it allows and what it forbids. */
function flagWords(flags: readonly RestrictFlag[]): string {
  const asked = new Set<string>(flags);
  const about = ["ntpport", "ignore"].filter((word) => asked.has(word));
  const allowed = ["serve", "trust", "peer", "epeer", "query", "trap"].map((word) =>
    asked.has(`no${word}`) ? `no${word}` : word,
  );
  const others = ["nomodify", "limited", "kod", "version", "lowpriotrap", "mssntp"].filter((word) => asked.has(word));
  return [...about, ...allowed, ...others].join(" ");
}
