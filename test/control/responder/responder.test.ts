import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VARIABLE_LISTS, namesOf } from "../../../src/control/lists.ts";
import {
  configure,
  readClock,
  readDaemon,
  readInterfaces,
  readRestrictions,
  readStatus,
  readVariables,
  writeVariables,
} from "../../../src/control/operations.ts";
import { listText } from "../../../src/control/responder/text.ts";
import { parseVariables, textOf } from "../../../src/control/variables.ts";
import { AccessList } from "../../../src/server/access.ts";
import type { Now } from "../../../src/time/now.ts";
import {
  decodeControl,
  encodeControl,
  encodeSealedControl,
  OPERATIONS,
  type Control,
  type ControlMessage,
} from "../../../src/wire/control.ts";
import { ask, exchanges } from "../replay.ts";
import { association, silent } from "../../support/snapshot.ts";
import { ASKER, keyring, openAccess, queried, responderOf, threePeers, view } from "./view.ts";

const key = keyring.find(7)!;
const decoded = (bytes: Uint8Array): Control => decodeControl(bytes) as Control;
const RECORDED = [
  "h1-ntpq-pn",
  "h2-ntpq-as",
  "h3-ntpq-rv",
  "h4-ntpq-sysinfo-kerninfo-etc",
  "h7-ntpq-auth-key-sha1",
  "h7-ntpq-auth-key-md5",
  "h8-ntpq-auth-bad",
];
const recorded = RECORDED.flatMap((name) =>
  exchanges(name).map((exchange, index) => ({ name: `${name} ${index}`, ...exchange })),
);

function question(fields: Partial<ControlMessage> & { readonly text?: string } = {}): Uint8Array {
  const { text = "", ...rest } = fields;
  const data = Uint8Array.from(Buffer.from(text));
  return encodeControl({
    leap: "none",
    version: 2,
    response: false,
    error: false,
    more: false,
    operation: OPERATIONS.readVariables,
    sequence: 7,
    status: 0,
    association: 0,
    offset: 0,
    data,
    ...rest,
  });
}

/** The names of a whole answer, in its order. */
function namesOfAnswer(answers: readonly Uint8Array[]): string[] {
  return parseVariables(textOf(Buffer.concat(answers.map((bytes) => decoded(bytes).data)))).map(({ name }) => name);
}

describe("NTPsec's variables of NTS", () => {
  const NTS = {
    received: 9,
    refused: 2,
    sent: 8,
    cookiesMade: 30,
    cookiesOpened: [5, 2, 1, 1] as const,
    cookiesTooOld: 3,
    cookiesWrong: 4,
    handshakes: { good: 6, withoutTls: 7, bad: 1 },
  };
  const NAMES = "nts_server_recv_good,nts_server_recv_bad,nts_server_send,nts_cookie_make,nts_cookie_decode_total";
  const MORE = "nts_cookie_decode,nts_cookie_decode_old,nts_cookie_decode_older,nts_cookie_decode_too_old";
  const LAST = "nts_cookie_decode_error,nts_ke_serves_good,nts_ke_serves_nossl,nts_ke_serves_bad,nts_ke_serves_good_r";
  const told = (daemon: (asked: Uint8Array) => readonly Uint8Array[], text: string, id = 0): string =>
    textOf(Buffer.concat(daemon(question({ text, association: id })).map((bytes) => decoded(bytes).data))).trim();

  it("tell what answering under NTS has come to, and 0 where nobody is answered so", () => {
    const { daemon } = responderOf({}, { nts: () => NTS });
    const values = [NAMES, MORE, LAST].map((names) => told(daemon, names).replaceAll(/nts_\w+=|\s/g, ""));
    expect(values).toEqual(["8,9,2,30,16", "5,2,1,3", "4,6,7,1,6"]);
    expect(told(responderOf({}, { nts: () => null }).daemon, "nts_server_send")).toBe("nts_server_send=0");
  });

  it("tell cookies of each association, and packets of all that are under NTS", () => {
    const nts = { cookies: 7, age: 1, server: null, until: null, kept: false, reduced: null, attempts: 0, fault: null };
    const [first, ...others] = threePeers();
    const packets = { sent: 12, received: 10, rejected: 1 };
    const peers = [{ ...first!, report: { ...first!.report, security: "nts" as const, nts, packets } }, ...others];
    const { daemon } = responderOf({ peers });
    expect(told(daemon, "ntscookies", 41_920)).toBe("ntscookies=7");
    expect(told(daemon, "ntscookies", 41_921)).toBe("ntscookies=-1");
    const names = "nts_client_send,nts_client_recv_good,nts_client_recv_bad";
    expect(told(daemon, names).replaceAll(/nts_\w+=|\s/g, "")).toBe("12,9,1");
  });
});

describe("ntpq's recorded questions", () => {
  it.each(recorded)("$name gets ntpd's kind of answer", ({ question: asked, answers }) => {
    const { daemon } = responderOf({ localStratum: 2 });
    const ours = daemon(asked).map(decoded);
    const [theirs] = answers.map(decoded);
    const { version, operation, sequence, association: id } = decoded(asked);
    // A clock of its own is an association there, and the system's here.
    if (operation === OPERATIONS.readClock && id !== 0)
      return expect(ours).toMatchObject([{ error: true, status: 0x0400 }]);
    expect(ours[0]).toMatchObject({
      response: true,
      version,
      operation,
      sequence,
      association: id,
      offset: 0,
      error: theirs!.error,
    });
    if (theirs!.error) expect(ours.map(({ status }) => status)).toEqual([theirs!.status]);
    expect(ours[0]!.mac?.keyId).toEqual(theirs!.mac?.keyId);
    expect(ours.map(({ more }) => more)).toEqual(ours.map((_, index) => index + 1 < ours.length));
  });

  it.each(["h7-ntpq-auth-key-md5", "h8-ntpq-auth-bad"])("errors of %s are the same to the last octet", (name) => {
    const { daemon } = responderOf();
    const errors = exchanges(name).filter(({ answers }) => decoded(answers[0]!).error);
    expect(errors.length).toBeGreaterThan(0);
    for (const { question: asked, answers } of errors)
      expect(daemon(asked).map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(
        answers.map((bytes) => Buffer.from(bytes).toString("hex")),
      );
  });

  it("one with the control key and an unknown variable gets ntpd's error and MAC", () => {
    const { question: asked, answers } = exchanges("h7-ntpq-auth-key-sha1").at(-1)!;
    expect(responderOf().daemon(asked)).toEqual(answers.map((bytes) => Uint8Array.from(bytes)));
  });

  it("named lists come with ntpd's variables in ntpd's order, as far as they are kept here", () => {
    const { daemon } = responderOf();
    let compared = 0;
    for (const { question: asked, answers } of exchanges("h4-ntpq-sysinfo-kerninfo-etc")) {
      const { operation, association: id } = decoded(asked);
      if (operation !== OPERATIONS.readVariables || id !== 0) continue;
      const ours = namesOfAnswer(daemon(asked));
      expect(namesOfAnswer(answers).filter((name) => ours.includes(name))).toEqual(ours);
      expect(ours.length).toBeGreaterThan(0);
      compared += 1;
    }
    expect(compared).toBe(7);
  });

  it("the default lists are ntpd's", () => {
    // That ntpd had no list of leap seconds.
    const { daemon } = responderOf({ leaps: null });
    const system = exchanges("h3-ntpq-rv")[0]!;
    expect(namesOfAnswer(daemon(system.question))).toEqual(namesOfAnswer(system.answers));
    for (const { question: asked, answers } of exchanges("h1-ntpq-pn").slice(2)) {
      // Neither interleaving nor the hops of a reference clock are known here.
      const theirs = namesOfAnswer(answers).filter((name) => name !== "xleave" && name !== "ttl");
      expect(namesOfAnswer(daemon(asked))).toEqual(theirs);
    }
  });

  it("a silent server is told of in the same words", () => {
    const [ours, theirs] = [
      responderOf().daemon,
      (bytes: Uint8Array) =>
        exchanges("h1-ntpq-pn").find(
          ({ question: asked }) => decoded(asked).association === decoded(bytes).association,
        )!.answers,
    ].map((daemon) =>
      parseVariables(
        textOf(Buffer.concat(daemon(question({ association: 41_921 })).map((bytes) => decoded(bytes).data))),
      ).filter(({ name }) => !["xleave", "dstadr", "headway", "dispersion"].includes(name)),
    );
    expect(ours).toEqual(theirs);
  });

  it("lines break where ntpd's do", () => {
    const texts = recorded.flatMap(({ answers }) => {
      const text = textOf(Buffer.concat(answers.map((bytes) => decoded(bytes).data)));
      return text.includes("=") && text.endsWith("\r\n") ? [text] : [];
    });
    expect(texts.length).toBeGreaterThan(20);
    for (const text of texts) expect(listText(text.slice(0, -2).split(/,(?: |\r\n)/))).toBe(text);
  });
});

describe("our own client asks our own server", () => {
  it("and sees what ntpd would show of the same state", () => {
    const read = ask(readDaemon(), responderOf().daemon);
    if (read.kind !== "daemon") throw new Error(read.fault);
    expect(read.status).toBe(0x0615);
    expect(read.associations.map(({ id, status }) => [id, status])).toEqual([
      [41_920, 0x961a],
      [41_921, 0x8011],
      [41_922, 0xe011],
    ]);
    const [first] = read.associations;
    expect(first?.variables.kind === "variables" && first.variables.variables.get("filtdisp")).toBe(
      "0.00 0.12 0.24 0.36 0.48 0.60 0.72 0.84",
    );
  });

  it.each(["sysinfo", "kerninfo", "sysstats", "iostats", "timerstats", "authinfo", "monstats"] as const)(
    "%s knows every variable",
    (list) => {
      const names = namesOf(VARIABLE_LISTS[list]);
      expect(ask(readVariables(0, [...names, ...names.map((name) => `${name}_r`)]), responderOf().daemon).kind).toBe(
        "variables",
      );
    },
  );

  it("one unknown name spoils a question, of the system and of an association", () => {
    const refused = { kind: "fault", fault: "refused", error: "variable" };
    expect(ask(readVariables(0, ["leap", "foo"]), responderOf().daemon)).toEqual(refused);
    expect(ask(readVariables(41_921, ["leap", "foo"]), responderOf().daemon)).toEqual(refused);
    expect(ask(readVariables(7), responderOf().daemon)).toMatchObject({ error: "association" });
  });

  it("variables of the configuration's own are told by name, and by default where it says so", () => {
    const { daemon } = responderOf(
      {},
      {
        variables: [
          { name: "foo", value: "bar", isDefault: true },
          { name: "dark", value: "1", isDefault: false },
        ],
      },
    );
    const read = ask(readVariables(0), daemon);
    expect(read.kind === "variables" && [read.variables.get("foo"), read.variables.has("dark")]).toEqual([
      "bar",
      false,
    ]);
    expect(ask(readVariables(0, ["dark", "leap"]), daemon)).toMatchObject({
      list: [
        { name: "leap", value: "0" },
        { name: "dark", value: "1" },
      ],
    });
  });

  it("a local clock is told of only where there is one", () => {
    expect(ask(readClock(0), responderOf().daemon)).toMatchObject({ error: "association" });
    const read = ask(readClock(0), responderOf({ localStratum: 5 }).daemon);
    expect(read.kind === "variables" && [read.variables.get("device"), read.variables.get("stratum")]).toEqual([
      '"Undisciplined local clock"',
      "5",
    ]);
  });

  it("lists need the control key, and come with its MAC", () => {
    const { daemon } = responderOf();
    const sockets = ask(readInterfaces(), daemon, { key });
    expect(
      sockets.kind === "rows" && sockets.rows.map(({ fields }) => [fields.size, fields.get("addr"), fields.get("up")]),
    ).toEqual([
      [12, "0.0.0.0:123", "71"],
      [12, "[::]:123", "71"],
    ]);
    const access = openAccess();
    access.restrict({ address: "192.0.2.0", mask: 24, flags: ["nomodify", "noquery", "kod"] });
    const read = ask(readRestrictions(), responderOf({ access }).daemon, { key });
    if (read.kind !== "rows") throw new Error(read.fault);
    expect(read.rows.map(({ fields }) => [fields.get("addr"), fields.get("mask"), fields.get("flags")])).toEqual([
      ["192.0.2.0", "255.255.255.0", "serve trust peer epeer noquery trap nomodify kod"],
      ["0.0.0.0", "0.0.0.0", "serve trust peer epeer query trap"],
      ["::", "::", "serve trust peer epeer query trap"],
    ]);
    expect(ask(readInterfaces(), daemon, { key: keyring.find(1)! })).toMatchObject({ error: "authentication" });
    expect(ask(readInterfaces(), responderOf({}, { controlKey: null }).daemon, { key })).toMatchObject({
      error: "authentication",
    });
  });

  it("lines of configuration go to whoever takes them, from who has the key alone", () => {
    const taken: string[] = [];
    const taking = { configure: (lines: string) => (taken.push(lines), "Config Succeeded") };
    const { daemon } = responderOf({}, taking);
    expect(ask(configure("server 192.0.2.1"), daemon, { key })).toMatchObject({
      kind: "said",
      text: "Config Succeeded",
      authentication: "ok",
    });
    expect(ask(configure("server 192.0.2.2"), daemon, { key: keyring.find(1)! })).toMatchObject({
      error: "authentication",
    });
    const access = new AccessList();
    access.restrictDefault(["nomodify"]);
    expect(ask(configure("server 192.0.2.3"), responderOf({ access }, taking).daemon, { key })).toMatchObject({
      error: "authentication",
    });
    expect(taken).toEqual(["server 192.0.2.1"]);
  });

  it("nothing can be changed, and whoever has the key is told so", () => {
    const { daemon } = responderOf();
    expect(ask(configure("server 192.0.2.1"), daemon, { key })).toMatchObject({
      kind: "said",
      text: expect.stringContaining("not offered"),
      authentication: "ok",
    });
    expect(ask(writeVariables(0, "leap=1"), daemon, { key })).toMatchObject({ error: "authentication" });
    const access = new AccessList();
    access.restrictDefault(["nomodify"]);
    expect(ask(configure("server 192.0.2.1"), responderOf({ access }).daemon, { key })).toMatchObject({
      error: "authentication",
    });
  });

  it("more associations than there are numbers, or than fit into an answer", () => {
    const peers = Array.from({ length: 20_000 }, (_, index) => ({
      ...threePeers()[1]!,
      report: silent(60_000 + index, "pending"),
    }));
    const read = ask(readStatus(), responderOf({ peers }).daemon);
    if (read.kind !== "status") throw new Error(read.fault);
    expect(read.associations.length).toBeGreaterThan(16_000);
    expect(read.associations.at(0)!.id).toBeGreaterThan(0);
  });
});

describe("status words", () => {
  const word = (change: Parameters<typeof view>[0]): number =>
    decoded(responderOf(change).daemon(question({ operation: OPERATIONS.readStatus }))[0]!).status;
  const unset = { ...view().told, leap: "unsynchronized" as const, stratum: 16, referenceId: 0 };
  const { snapshot } = view();
  const alone = { ...snapshot, system: { ...snapshot.system, systemPeer: null } };

  it.each([
    [0x0615, {}],
    [0x0614, { discipline: { ...view().discipline!, state: "FREQ" as const } }],
    [0xc016, { told: unset, snapshot: alone, wasSynchronized: false }],
    [0xc018, { told: unset, snapshot: alone }],
    [0x0515, { snapshot: alone, localStratum: 3 }],
    [0x4615, { told: { ...view().told, leap: "insert" as const } }],
  ])("the system's is %i", (expected, change) => {
    expect(word(change)).toBe(expected);
  });

  it.each([
    [0x1314, association(9, { lifetime: "preemptable", verdict: "outlier" })],
    [0x9114, association(9, { verdict: "falseticker" })],
    [0x8017, silent(9, "kiss", { kiss: "RATE" })],
    [0x8018, silent(9, "kiss", { kiss: "DENY", when: 9 })],
    [0x8013, silent(9, "unsynchronized", { kiss: "INIT", when: 9 })],
    [0xc01c, silent(9, "authentication", { security: "key", authentication: "failed" })],
    [0x8013, silent(9, "unreachable", { when: 1000 })],
  ])("an association's is %i", (expected, report) => {
    const [answer] = responderOf({ peers: [{ ...threePeers()[1]!, report }] }).daemon(question({ association: 9 }));
    expect(decoded(answer!).status).toBe(expected);
  });
});

describe("what hears nothing", () => {
  it.each([
    ["malformed", question().subarray(0, 8)],
    ["malformed", question({ version: 0 })],
    ["malformed", question({ version: 5 })],
    ["malformed", Uint8Array.of(0x13, ...question().subarray(1))],
    ["notRequest", question({ response: true })],
    ["notRequest", question({ error: true })],
    ["notRequest", question({ more: true })],
    ["notRequest", question({ offset: 4 })],
    ["nonce", question({ operation: OPERATIONS.readMru, text: "frags=32" })],
    ["nonce", question({ operation: OPERATIONS.readMru, text: "nonce=0123456789abcdef0123456789abcdef, frags=32" })],
  ] as const)("%s %#", (disposition, bytes) => {
    const { responder, daemon } = responderOf();
    expect(daemon(bytes)).toEqual([]);
    expect(responder.counts).toMatchObject({ [disposition]: 1 });
  });

  it.each([1, 2, 3, 4])("version %i is answered in kind", (version) => {
    expect(
      responderOf()
        .daemon(question({ version }))
        .map((bytes) => decoded(bytes).version),
    ).toEqual([version]);
  });

  it("is who is not this host, unless a line opens queries to it", () => {
    const { responder } = responderOf();
    const from = { ip: "192.0.2.7", port: 123 };
    const state = (access: AccessList) => view({ access });
    expect(responder.respond(question(), from, queried(state(new AccessList())), view().now)).toEqual([]);
    expect(responder.counts.notAllowed).toBe(1);
    expect(responder.respond(question(), from, queried(state(openAccess())), view().now)).toHaveLength(1);
    expect(responder.respond(question(), ASKER, queried(state(new AccessList())), view().now)).toHaveLength(1);
  });

  it("and nothing is made of the state for whoever may not ask, or does not ask rightly", () => {
    const { responder } = responderOf();
    const from = { ip: "192.0.2.7", port: 123 };
    const never = (access: AccessList) => ({
      access,
      view: (): never => {
        throw new Error("the state was made");
      },
    });
    expect(responder.respond(question(), from, never(new AccessList()), view().now)).toEqual([]);
    expect(responder.respond(question({ offset: 4 }), ASKER, never(openAccess()), view().now)).toEqual([]);
    expect(responder.counts).toMatchObject({ notAllowed: 1, notRequest: 1 });
    expect(() => responder.respond(question(), ASKER, never(openAccess()), view().now)).toThrow("the state was made");
  });

  it("but a wrong format is named: too long a count, or octets over", () => {
    const long = question({ text: "leap" });
    long[11] = 5;
    for (const bytes of [long, Uint8Array.of(...question(), 0, 0)])
      expect(responderOf().daemon(bytes).map(decoded)).toMatchObject([{ error: true, status: 0x0200 }]);
    expect(
      responderOf()
        .daemon(question({ operation: 13 }))
        .map(decoded),
    ).toMatchObject([{ error: true, status: 0x0300 }]);
    expect(
      responderOf()
        .daemon(question({ operation: 0 }))
        .map(decoded),
    ).toMatchObject([{ error: false, status: 0x0615, data: new Uint8Array(0) }]);
  });

  it("and a read with a wrong MAC has a crypto-NAK behind its answer", () => {
    const asked = encodeSealedControl({ ...decoded(question()) }, () => ({ keyId: 7, digest: new Uint8Array(20) }));
    expect(
      responderOf()
        .daemon(asked)
        .map((bytes) => decoded(bytes).mac),
    ).toEqual([{ keyId: 0, digest: new Uint8Array(0) }]);
  });
});

describe("whatever comes", () => {
  const { respond } = ((responder) => ({ respond: responder.respond.bind(responder) }))(responderOf().responder);

  it("is no exception, and no answer is longer than a datagram", () => {
    const now: Now = view().now;
    const requests = fc
      .record({
        version: fc.nat(7),
        operation: fc.nat(31),
        association: fc.constantFrom(0, 41_920, 41_922, 7),
        text: fc.oneof(fc.string({ maxLength: 200 }), fc.constantFrom("leap", "nonce=x, frags=1", ",,=,")),
      })
      .map((fields) => question({ ...fields }));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), requests), (bytes) => {
        for (const answer of respond(bytes, ASKER, queried(view()), now)) {
          expect(answer.length).toBeLessThanOrEqual(12 + 468 + 4);
          expect(decodeControl(answer)).toMatchObject({ kind: "control", response: true });
        }
      }),
      { numRuns: 300 },
    );
  });
});
