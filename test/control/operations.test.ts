import { describe, expect, it } from "vitest";
import { namesOf, VARIABLE_LISTS } from "../../src/control/lists.ts";
import {
  configure,
  readClock,
  readDaemon,
  readInterfaces,
  readKnownVariables,
  readRestrictions,
  readStatus,
  readVariables,
  saveConfiguration,
  writeVariables,
} from "../../src/control/operations.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { decodeControl, encodeControl, type Control } from "../../src/wire/control.ts";
import { ask, exchanges, recordedDaemon, type Daemon } from "./replay.ts";

const daemon = (name: string): Daemon => recordedDaemon(exchanges(name));
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));

const { keyring } = await openKeyring(
  [
    {
      id: 7,
      algorithm: "SHA1",
      secret: text("shortsha1key"),
      addresses: [],
      place: { file: "keys", line: 1, column: 1 },
    },
  ],
  "all",
);
const key = keyring.find(7)!;

/** A daemon by a function from questions to data, `null` for an error. */
function daemonOf(answer: (question: Control) => string | null, status = 0x0615): Daemon {
  return (bytes) => {
    const question = decodeControl(bytes) as Control;
    const data = answer(question);
    return [
      encodeControl(
        data === null
          ? { ...question, response: true, error: true, status: 0x0500, data: text("") }
          : { ...question, response: true, status, data: text(data) },
      ),
    ];
  };
}

describe("mode 6 questions to a recorded ntpd", () => {
  it("readstat lists the associations", () => {
    expect(ask(readStatus(), daemon("h1-ntpq-pn"))).toEqual({
      kind: "status",
      status: 0x0515,
      associations: [
        { id: 41_920, status: 0x961a },
        { id: 41_921, status: 0x8011 },
        { id: 41_922, status: 0xe011 },
      ],
    });
  });

  it("readvar gives the system's variables", () => {
    const read = ask(readVariables(0), daemon("h3-ntpq-rv"));
    if (read.kind !== "variables") throw new Error(read.fault);
    expect(read).toMatchObject({ status: 0x0515, association: 0, authentication: "none" });
    expect(read.variables.get("version")).toBe('"ntpd 4.2.8p15@1.3728-o Wed Sep 23 11:46:38 UTC 2020 (1)"');
    expect(read.list.map(({ name }) => name).slice(-3)).toEqual(["sys_jitter", "clk_jitter", "clk_wander"]);
    expect(read.list).toHaveLength(19);
  });

  it("readvar of an association puts a name together that was cut by a fragment", () => {
    const read = ask(readVariables(41_920), daemon("h1-ntpq-pn"));
    if (read.kind !== "variables") throw new Error(read.fault);
    expect(read.variables.get("filtdisp")).toBe("0.00 0.12 0.24 0.36 0.48 0.60 0.72 0.84");
  });

  it("one unknown variable spoils a question", () => {
    expect(ask(readVariables(0, ["leap", "stratum", "foo"]), daemon("h3-ntpq-rv"))).toEqual({
      kind: "fault",
      fault: "refused",
      error: "variable",
    });
  });

  it.each(["sysinfo", "kerninfo", "sysstats", "iostats", "timerstats", "authinfo", "monstats"] as const)(
    "%s asks as ntpq does",
    (list) => {
      const names = namesOf(VARIABLE_LISTS[list]);
      const read = ask(readVariables(0, names), daemon("h4-ntpq-sysinfo-kerninfo-etc"));
      if (read.kind !== "variables") throw new Error(read.fault);
      expect([...read.variables.keys()].toSorted()).toEqual(names.toSorted());
    },
  );

  it("clockvar gives a clock's variables", () => {
    const read = ask(readClock(41_920), daemon("h4-ntpq-sysinfo-kerninfo-etc"));
    expect(read).toMatchObject({ kind: "variables", association: 41_920, status: 0 });
    expect(read.kind === "variables" && read.variables.get("device")).toBe('"Undisciplined local clock"');
  });

  it("the peers' questions give everything", () => {
    const read = ask(readDaemon(), recordedDaemon([...exchanges("h1-ntpq-pn"), ...exchanges("h3-ntpq-rv")]));
    if (read.kind !== "daemon") throw new Error(read.fault);
    expect(read.associations.map(({ id, status }) => [id, status])).toEqual([
      [41_920, 0x961a],
      [41_921, 0x8011],
      [41_922, 0xe011],
    ]);
    expect(read.system).toMatchObject({ kind: "variables" });
  });
});

describe("authenticated questions to a recorded ntpd", () => {
  const auth = daemon("h7-ntpq-auth-key-sha1");

  it("ifstats tells the interfaces, without what means nothing", () => {
    const read = ask(readInterfaces(), auth, { key });
    if (read.kind !== "rows") throw new Error(read.fault);
    expect(
      read.rows.map(({ fields }) => [fields.size, fields.get("name"), fields.get("addr"), fields.get("rx")]),
    ).toEqual([
      [12, '"v6wildcard"', "[::]:123", "0"],
      [12, '"v4wildcard"', "0.0.0.0:123", "0"],
      [12, '"lo"', "127.0.0.1:123", "22"],
      [12, '"eth0"', "10.1.0.1:123", "111"],
    ]);
  });

  it("reslist tells the access list", () => {
    const read = ask(readRestrictions(), auth, { key });
    if (read.kind !== "rows") throw new Error(read.fault);
    expect(read.rows.map(({ fields }) => [fields.get("addr"), fields.get("mask"), fields.get("hits")])).toEqual([
      ["127.0.0.1", "255.255.255.255", "0"],
      ["10.1.0.1", "255.255.255.255", "0"],
      ["0.0.0.0", "0.0.0.0", "134"],
      ["::", "::", "0"],
    ]);
  });

  it(":config, writevar and saveconfig say what came of them", () => {
    expect(ask(configure("server 10.1.0.77 minpoll 5"), auth, { key })).toMatchObject({
      kind: "said",
      text: "Config Succeeded",
      authentication: "ok",
    });
    expect(ask(configure("nosuchcommand 1 2 3"), daemon("h8-ntpq-auth-bad"), { key })).toMatchObject({
      kind: "said",
      text: "column 0 syntax error, unexpected T_String",
    });
    expect(ask(saveConfiguration("foo.conf"), daemon("h8-ntpq-auth-bad"), { key, firstSequence: 5 })).toMatchObject({
      text: "saveconfig prohibited, no saveconfigdir configured",
    });
    expect(ask(writeVariables(0, "foo=baz"), auth, { key })).toEqual({
      kind: "fault",
      fault: "refused",
      error: "variable",
    });
  });

  it("without a key nothing is sent", () => {
    const silent: Daemon = () => {
      throw new Error("sent");
    };
    expect(ask(configure("server 10.1.0.77"), silent)).toEqual({ kind: "fault", fault: "noKey" });
  });
});

describe("daemons that make trouble", () => {
  it("silence is a timeout", () => {
    expect(ask(readStatus(), () => [])).toEqual({ kind: "fault", fault: "timeout" });
  });

  it("half a fragment is incomplete", () => {
    const half: Daemon = (bytes) => [
      encodeControl({ ...(decodeControl(bytes) as Control), response: true, more: true, data: text("leap=0, str") }),
    ];
    expect(ask(readVariables(0), half)).toEqual({ kind: "fault", fault: "incomplete" });
  });

  it("a status list that is not pairs is garbled", () => {
    expect(
      ask(
        readStatus(),
        daemonOf(() => "abcdef"),
      ),
    ).toEqual({ kind: "fault", fault: "garbled" });
  });

  it("an association that went away is left out", () => {
    const going: Daemon = (bytes) => {
      const question = decodeControl(bytes) as Control;
      if (question.operation === 1)
        return [
          encodeControl({ ...question, response: true, data: Uint8Array.of(0, 9, 0x96, 0x14, 0, 8, 0x80, 0x11) }),
        ];
      if (question.association === 9)
        return [encodeControl({ ...question, response: true, error: true, status: 0x0400 })];
      return [encodeControl({ ...question, response: true, status: 0x8011, data: text("stratum=16") })];
    };
    const read = ask(readDaemon(), going);
    expect(read.kind === "daemon" && read.associations.map(({ id }) => id)).toEqual([8]);
  });

  it("what a daemon does not know is left out of a list", () => {
    const known = daemonOf(({ data }) => {
      const names = Buffer.from(data).toString().split(",");
      return names.includes("mru_mem") ? null : names.map((name) => `${name}=1`).join(", ");
    });
    const read = ask(readKnownVariables(0, ["mru_depth", "mru_mem", "mru_maxage"]), known);
    expect(read.kind === "variables" && [...read.variables.keys()]).toEqual(["mru_depth", "mru_maxage"]);
  });
});
