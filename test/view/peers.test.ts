import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { DaemonReport, PeerReport } from "../../src/control/daemon.ts";
import { mode6Report } from "../../src/control/daemonmode6.ts";
import { namesOf, VARIABLE_LISTS, type ListName } from "../../src/control/lists.ts";
import { readMru } from "../../src/control/mru.ts";
import {
  readClock,
  readDaemon,
  readInterfaces,
  readRestrictions,
  readStatus,
  readVariables,
  type ReadVariables,
} from "../../src/control/operations.ts";
import type { ControlFault } from "../../src/control/request.ts";
import { textOf } from "../../src/control/variables.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { unfold } from "../../src/time/timestamp.ts";
import { interfacesTable, mruTable, restrictionsTable, sortedMru, MRU_ORDERS } from "../../src/view/peers-rows.ts";
import { listText, variablesText, type VariablesOptions } from "../../src/view/peers-variables.ts";
import { associationsTable, peersTable, serverWidth } from "../../src/view/peers.ts";
import { ask, exchanges, recordedDaemon, type Exchange } from "../control/replay.ts";

const PIVOT = 1_795_000_000_000_000_000n;
const OPTIONS: VariablesOptions = { pivot: PIVOT, zone: "utc" };
const MISCELLANY = "h4-ntpq-sysinfo-kerninfo-etc";

/** The very text ntpq 4.2.8p15 printed. */
function printed(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../fixtures/ntpq/${name}.txt`, import.meta.url)), "utf8");
}

function reportOf(recorded: readonly Exchange[]): DaemonReport {
  const read = ask(readDaemon(), recordedDaemon(recorded));
  if (read.kind !== "daemon") throw new Error(read.fault);
  const { at } = recorded[1]!;
  return mode6Report("10.1.0.1", read, at, unfold(at, PIVOT));
}

function told(read: ReadVariables | ControlFault): ReadVariables {
  if (read.kind !== "variables") throw new Error(read.fault);
  return read;
}

const key = (
  await openKeyring(
    [
      {
        id: 7,
        algorithm: "SHA1",
        secret: Buffer.from("shortsha1key"),
        addresses: [],
        place: { file: "", line: 1, column: 1 },
      },
    ],
    "all",
  )
).keyring.find(7)!;

describe("from the packets ntpq got, the very text it printed", () => {
  it("peers -pn", () => {
    expect(peersTable(reportOf(exchanges("h1-ntpq-pn")))).toBe(printed("h1-peers"));
  });

  it.each([
    { form: "opeers", from: 8, file: "h4-lopeers" },
    { form: "opeers", from: 12, file: "h4-opeers" },
    { form: "apeers", from: 16, file: "h4-apeers" },
  ] as const)("$file", ({ form, from, file }) => {
    expect(peersTable(reportOf(exchanges(MISCELLANY).slice(from, from + 4)), { form })).toBe(printed(file));
  });

  it("associations", () => {
    const read = ask(readStatus(), recordedDaemon(exchanges("h2-ntpq-as").slice(0, 1)));
    expect(associationsTable(read.kind === "status" ? read.associations : [])).toBe(printed("h2-associations"));
  });

  it("rv of the system", () => {
    expect(
      variablesText(
        told(ask(readVariables(0), recordedDaemon(exchanges("h3-ntpq-rv").slice(0, 1)))),
        "system",
        OPTIONS,
      ),
    ).toBe(printed("h3-rv-system"));
  });

  it("rv of peers", () => {
    const daemon = recordedDaemon(exchanges("h2-ntpq-as").slice(1));
    const texts = [41_920, 41_921, 41_922].map((id) =>
      variablesText(told(ask(readVariables(id), daemon)), "peer", OPTIONS),
    );
    expect(texts.join("\n")).toBe(printed("h2-rv-peers"));
  });

  it.each(["sysinfo", "kerninfo", "sysstats", "iostats", "timerstats", "authinfo", "monstats"] as const)(
    "%s",
    (list: ListName) => {
      expect(
        listText(
          list,
          told(ask(readVariables(0, namesOf(VARIABLE_LISTS[list])), recordedDaemon(exchanges(MISCELLANY)))),
          OPTIONS,
        ),
      ).toBe(printed(`h4-${list}`));
    },
  );

  it("pstats", () => {
    const read = told(
      ask(readVariables(41_921, namesOf(VARIABLE_LISTS.pstats)), recordedDaemon(exchanges(MISCELLANY))),
    );
    expect(listText("pstats", read, OPTIONS)).toBe(printed("h4-pstats"));
  });

  it.each([
    { id: 0, file: "h4-clockvar" },
    { id: 41_920, file: "h4-clockvar-association" },
  ])("clockvar of $id", ({ id, file }) => {
    expect(variablesText(told(ask(readClock(id), recordedDaemon(exchanges(MISCELLANY)))), "clock", OPTIONS)).toBe(
      printed(file),
    );
  });

  it("mrulist", () => {
    const list = ask(readMru(), recordedDaemon(exchanges("h5-ntpq-mrulist").slice(0, 2)));
    if (list.kind !== "mru") throw new Error(list.fault);
    expect(mruTable(list)).toBe(printed("h5-mrulist"));
  });

  it("ifstats and reslist", () => {
    const daemon = recordedDaemon(exchanges("h7-ntpq-auth-key-sha1"));
    const [interfaces, restrictions] = [
      ask(readInterfaces(), daemon, { key }),
      ask(readRestrictions(), daemon, { key }),
    ];
    if (interfaces.kind !== "rows" || restrictions.kind !== "rows") throw new Error("no rows");
    expect(interfacesTable(interfaces)).toBe(printed("h7-ifstats"));
    expect(restrictionsTable(restrictions)).toBe(printed("h7-reslist"));
  });
});

describe("the table of peers", () => {
  const report = reportOf(exchanges("h1-ntpq-pn"));
  const [first] = report.associations;
  const withPeer = (change: Partial<PeerReport>): DaemonReport => ({
    ...report,
    associations: [{ ...first!, ...change }],
  });
  const line = (change: Partial<PeerReport>, options = {}): string =>
    peersTable(withPeer(change), options).split("\n").slice(2).join("\n");
  const address = { address: "2001:db8::1234:5678", name: "2001:db8::1234:5678", variables: {} };

  it("cuts a remote of more than 15 characters, or gives it a line of its own", () => {
    expect(line(address)).toBe("*2001:db8::1234: .LOCL.           2 l    6    8  377    0.000   +0.000   0.000\n");
    expect(line(address, { wide: true })).toBe(
      "*2001:db8::1234:5678\n                 .LOCL.           2 l    6    8  377    0.000   +0.000   0.000\n",
    );
  });

  it("begins with the server where there are several", () => {
    const width = serverWidth(["10.1.0.1", "2001:db8::7"]);
    expect(peersTable(withPeer({ local: "fe80::5054:ff:fe12:3456" }), { serverWidth: width })).toBe(
      [
        "server (loc      remote           refid      st t when poll reach   delay   offset  jitter",
        "==========================================================================================",
        "_:fe12:3456 *127.127.1.0     .LOCL.           2 l    6    8  377    0.000   +0.000   0.000\n",
      ].join("\n"),
    );
    expect(serverWidth(["10.1.0.1"])).toBe(0);
  });

  it("names addresses when it is given names, and clocks by their drivers", () => {
    const name = (ip: string): string => (ip === "10.1.0.99" ? "far.example.net" : ip);
    const lines = peersTable(report, { name }).split("\n");
    expect(lines[2]!.slice(0, 17)).toBe("*LOCAL(0)        ");
    expect(lines[3]!.slice(0, 17)).toBe(" far.example.net ");
  });

  it("shows the name a pool was configured by", () => {
    expect(
      line({ name: "0.debian.pool.ntp.org", address: null, type: "p", variables: { srcadr: "0.0.0.0" } }).slice(0, 17),
    ).toBe(" 0.debian.pool.n ".replace(" ", "*"));
  });

  it("leaves out what is neither configured nor reachable, unless all are wanted", () => {
    const hidden = { configured: false, reach: 0 };
    expect(line(hidden)).toBe("");
    expect(line(hidden, { all: true })).not.toBe("");
    expect(line({ configured: false, reach: 1 })).not.toBe("");
  });

  it("marks loops, PPS peers, and addresses in apeers", () => {
    expect(line({ flash: 0x0800 })).toContain(" (loop)           2 l");
    expect(line({ status: 0x9714 }).slice(0, 1)).toBe("o");
    expect(line({ refid: "10.1.0.1" }, { form: "apeers" })).toContain(" a010001  41920   2 l");
    expect(line({ refid: "10.1.0.1" })).toContain(" 10.1.0.1         2 l");
  });

  it("shortens intervals, and cuts numbers to their columns", () => {
    expect(line({ when: 2049, poll: 17 }).slice(36, 47)).toBe("l  34m  36h");
    expect(line({ when: 100_000 }).slice(37, 42)).toBe("  28h");
    expect(line({ when: null }).slice(37, 42)).toBe("    -");
    expect(line({ offset: -1234.5678 })).toContain(" -123456 ");
    expect(line({ delay: 0.0123456, jitter: null, dispersion: 15.9375 })).toContain("   12.346   +0.000 15937.5\n");
    expect(line({ offset: 1.25e-8 })).toContain(" +0.000 ");
  });

  it("says what is not known with a dash", () => {
    const chrony = {
      ...withPeer({ delay: null, offset: null, jitter: null, dispersion: null, refid: null, stratum: null }),
      protocol: "cmdmon" as const,
    };
    expect(peersTable(chrony).split("\n")[2]).toBe(
      "*127.127.1.0     -               16 l    6    8  377        -        -       -",
    );
  });

  it("lets no control character through", () => {
    const table = peersTable(withPeer({ name: "a\u001b[31mb\u009b\n", refid: "\u0007é", type: "\r" }), {});
    expect(table).toContain("*a^[[31mbM-BM-^[");
    expect(table).toContain(".^GM-CM-).");
    expect([...table].every((character) => character === "\n" || (character >= " " && character <= "~"))).toBe(true);
  });
});

describe("the list of addresses heard last", () => {
  it("is sorted as ntpq sorts", () => {
    const list = ask(readMru(), recordedDaemon(exchanges("h5-ntpq-mrulist").slice(0, 2)));
    if (list.kind !== "mru") throw new Error(list.fault);
    const first = (order: (typeof MRU_ORDERS)[number]): string => sortedMru(list.entries, order)[0]!.address;
    expect(Object.fromEntries(MRU_ORDERS.map((order) => [order, first(order)]))).toMatchObject({
      lstint: "10.1.0.12:123",
      "-lstint": "10.1.0.100:34517",
      "-avgint": "10.1.0.12:123",
      addr: "10.1.0.11:123",
      "-addr": "10.1.0.149:44930",
      "-count": "10.1.0.11:123",
    });
  });
});

describe("variables", () => {
  const read = (list: readonly [string, string][]): ReadVariables => {
    const variables = list.map(([name, value]) => ({ name, value }));
    return {
      kind: "variables",
      association: 0,
      status: 0x0615,
      list: variables,
      variables: new Map(list),
      authentication: "none",
    };
  };

  it("that cannot be read get a question mark, and none is dangerous", () => {
    const text = variablesText(
      read([
        ["leap", "7"],
        ["reftime", "never"],
        ["srcadr", "nowhere"],
        ["evil", '"\u001b]0;x\u0007"'],
        ["flash", "0x1fff"],
        ["filtdelay", "x"],
      ]),
      "peer",
      OPTIONS,
      true,
    );
    expect(text).toContain('leap=7?, reftime=never?, srcadr=nowhere?, evil="^[]0;x^G",\n');
    expect(text).toContain("flash=1fff pkt_dup, pkt_bogus");
    expect(text).toContain("filtdelay=x?");
  });

  it("show octets that are no text as ntpq shows them", () => {
    expect(
      variablesText(
        read([["filtdelay", textOf(Uint8Array.from([0xee, 0xe8, 0x7f, 0x20, 0xc3, 0xa9]))]]),
        "peer",
        OPTIONS,
        true,
      ),
    ).toBe("filtdelay=M-nM-h^? M-CM-)?\n");
  });

  it("say when there are none", () => {
    expect(variablesText(read([]), "system", OPTIONS)).toBe("No system variables returned\n");
  });

  it("carry a date in the pivot's era", () => {
    expect(
      variablesText(
        read([["clock", "0x00000100.80000000"]]),
        "system",
        { pivot: 2_085_978_496_000_000_000n, zone: "utc" },
        true,
      ),
    ).toBe("clock=00000100.80000000  Thu, Feb  7 2036  6:32:32.500\n");
  });
});
