/** The lists that need the control key: local addresses (`ifstats`) and the access list (`reslist`; RFC 9327 §4 "Read Ordered List"). */
import type { ControlView } from "../../engine/control.ts";
import type { RestrictFlag } from "../../server/access.ts";
import { tallyOf } from "../../server/disposition.ts";
import { addressText, family } from "../../wire/address.ts";
import { hexadecimal, listText, quoted } from "./text.ts";

/** The sockets that clients are heard on. */
export function interfaceList(view: ControlView): string {
  const { received, answered } = tallyOf(view.counts);
  const rows = view.sockets.map(({ address, port }, index) => {
    // Requests are counted by the server, which does not tell its sockets apart.
    const isFirst = index === 0;
    const fields = {
      addr: addressText({ ip: address, port }),
      bcast: "",
      en: 1,
      name: quoted(family(address) === 6 ? "v6" : "v4"),
      flags: hexadecimal(INTERFACE_UP),
      tl: 0,
      mc: 0,
      rx: isFirst ? received : 0,
      tx: isFirst ? answered : 0,
      txerr: 0,
      pc: isFirst ? view.peers.length : 0,
      up: Math.floor(view.snapshot.elapsed),
    };
    return itemsOf(fields, index);
  });
  return listText(rows.flat());
}

/** The access list, in words as ntpd has them. */
export function restrictionList({ access }: ControlView): string {
  const rows = access.entries().map(({ address, mask, hits, flags }, index) => itemsOf({ addr: address, mask, hits, flags: flagWords(flags) }, index));
  return listText(rows.flat());
}

/** ntpd's `INT_UP`. */
const INTERFACE_UP = 0x01;

function itemsOf(fields: Readonly<Record<string, string | number>>, index: number): string[] {
  return Object.entries(fields).map(([name, value]) => `${name}.${index}=${value}`);
}

/** As ntpd has them: first what the entry is about, then what it allows and what it forbids. */
function flagWords(flags: readonly RestrictFlag[]): string {
  const asked = new Set<string>(flags);
  const about = ["ntpport", "ignore"].filter((word) => asked.has(word));
  const allowed = ["serve", "trust", "peer", "epeer", "query", "trap"].map((word) => (asked.has(`no${word}`) ? `no${word}` : word));
  const others = ["nomodify", "limited", "kod", "version", "lowpriotrap", "mssntp"].filter((word) => asked.has(word));
  return [...about, ...allowed, ...others].join(" ");
}
