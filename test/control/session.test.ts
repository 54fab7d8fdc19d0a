import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ControlSession } from "../../src/control/session.ts";
import type { ControlRequest } from "../../src/control/request.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { after, type Mono } from "../../src/time/mono.ts";
import {
  decodeControl,
  encodeControl,
  encodeSealedControl,
  type Control,
  type ControlMessage,
} from "../../src/wire/control.ts";
import { exchanges } from "./replay.ts";

const start = 100 as Mono;
const SYSTEM: ControlRequest = { operation: "readVariables" };
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));

function asked(session: ControlSession, requests: readonly ControlRequest[] = [SYSTEM]): Control[] {
  session.ask(requests, start);
  return session.poll(start).map(decoded);
}

function decoded(bytes: Uint8Array): Control {
  const message = decodeControl(bytes);
  if (message.kind !== "control") throw new Error(message.fault);
  return message;
}

function answer(to: Control, change: Partial<ControlMessage> = {}): Uint8Array {
  return encodeControl({ ...to, response: true, status: 0x0615, data: text("leap=0\r\n"), ...change });
}

const place = { file: "keys", line: 1, column: 1 };
const { keyring } = await openKeyring(
  [
    { id: 7, algorithm: "SHA1", secret: text("shortsha1key"), addresses: [], place },
    { id: 1, algorithm: "MD5", secret: text("secretmd5"), addresses: [], place },
  ],
  "all",
);
const key = keyring.find(7)!;

describe("a mode 6 session", () => {
  it("asks as ntpq does", () => {
    const session = new ControlSession();
    session.ask(
      [
        {
          operation: "readVariables",
          association: 41_921,
          data: "srcadr,srcport,dstadr,dstport,timerec,timer,timereach,sent,received,badauth,bogusorg,oldpkt,seldisp,selbroken,candidate",
        },
      ],
      start,
    );
    const recorded = exchanges("h4-ntpq-sysinfo-kerninfo-etc").at(-1)!.question;
    recorded.set([0, 1], 2); // this is our first question
    expect(session.poll(start)).toEqual([recorded]);
  });

  it("takes the answer to its question, and only that", () => {
    const session = new ControlSession();
    const [question] = asked(session);
    for (const other of [{ sequence: 2 }, { operation: 4 }, { response: false }])
      session.receive(answer(question!, other), start);
    session.receive(text("garbage that is no message"), start);
    expect(session.answers).toBeNull();
    session.receive(answer(question!), start);
    expect(session.answers).toEqual([
      { kind: "answer", status: 0x0615, association: 0, data: text("leap=0\r\n"), authentication: "none" },
    ]);
    expect(session.wakeAt).toBeNull();
  });

  it("asks a few questions at once and gives the answers in their order", () => {
    const session = new ControlSession({ window: 2 });
    const requests = [1, 2, 3].map((association): ControlRequest => ({ operation: "readVariables", association }));
    const [first, second, ...more] = asked(session, requests);
    expect(more).toEqual([]);
    session.receive(answer(second!, { data: text("b") }), start);
    const [third] = session.poll(start).map(decoded);
    session.receive(answer(third!, { data: text("c") }), start);
    session.receive(answer(first!, { data: text("a") }), start);
    expect(
      session.answers?.map((one) => (one.kind === "answer" ? Buffer.from(one.data).toString() : one.kind)),
    ).toEqual(["a", "b", "c"]);
  });

  it("repeats a question under its number, then gives up", () => {
    const session = new ControlSession({ timeout: 1, retries: 1 });
    const [first] = asked(session);
    expect(session.poll(after(start, 0.5))).toEqual([]);
    expect(session.wakeAt).toBe(101);
    const [again] = session.poll(after(start, 1)).map(decoded);
    expect(again).toEqual(first);
    expect(session.poll(after(start, 2))).toEqual([]);
    expect(session.answers).toEqual([{ kind: "failed", fault: "timeout" }]);
  });

  it("gives a question that was half answered a new number, and does not mix the two answers", () => {
    const session = new ControlSession({ timeout: 1, fragmentTimeout: 1 });
    const [first] = asked(session);
    session.receive(answer(first!, { more: true, data: text("old half") }), after(start, 0.9));
    expect(session.wakeAt).toBeCloseTo(101.9);
    const [again] = session.poll(after(start, 1.9)).map(decoded);
    expect(again!.sequence).not.toBe(first!.sequence);
    session.receive(answer(first!, { offset: 8, data: text("old end!") }), after(start, 1.9));
    session.receive(answer(again!, { more: true, data: text("new half") }), after(start, 2));
    expect(session.answers).toBeNull();
    session.poll(after(start, 3.1));
    expect(session.answers).toEqual([{ kind: "failed", fault: "incomplete" }]);
  });

  it("numbers go from 65535 to 1", () => {
    const session = new ControlSession({ firstSequence: 65_535 });
    expect(asked(session, [SYSTEM, SYSTEM]).map(({ sequence }) => sequence)).toEqual([65_535, 1]);
  });

  it("names a daemon's refusals", () => {
    for (const [code, error] of [
      "unspecified",
      "authentication",
      "format",
      "operation",
      "association",
      "variable",
      "value",
      "prohibited",
      "unspecified",
    ].entries()) {
      const session = new ControlSession();
      const [question] = asked(session);
      session.receive(answer(question!, { error: true, status: code << 8, data: text("") }), start);
      expect(session.answers).toMatchObject([{ kind: "refused", error }]);
    }
  });

  it("says what cannot be asked", () => {
    const session = new ControlSession();
    expect(
      asked(session, [
        { ...SYSTEM, data: "x".repeat(469) },
        { ...SYSTEM, authenticated: true },
      ]),
    ).toEqual([]);
    expect(session.answers).toEqual([
      { kind: "failed", fault: "question" },
      { kind: "failed", fault: "noKey" },
    ]);
  });

  it("gives up at once when nothing can be delivered", () => {
    const session = new ControlSession();
    asked(session);
    session.undeliverable();
    expect(session.answers).toEqual([{ kind: "failed", fault: "unreachable" }]);
  });

  it("is not harmed by any octets", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), (datagrams) => {
        const session = new ControlSession();
        const [question] = asked(session);
        for (const bytes of datagrams) {
          session.receive(bytes, start);
          // The same, but with the right first words.
          session.receive(Uint8Array.from([0x16, 0x82, ...new Uint8Array(2), ...bytes]), start);
        }
        session.receive(answer(question!), start);
        expect(session.answers).not.toBeNull();
      }),
    );
  });
});

describe("an authenticated session", () => {
  it.each(["h7-ntpq-auth-key-sha1", "h8-ntpq-auth-bad"])(
    "%s: seals what ntpq sealed octet for octet and believes ntpd's answers",
    (name) => {
      for (const { question, answers } of exchanges(name)) {
        const message = decoded(question);
        const mac = message.mac!;
        if (!key.verify(question.subarray(0, message.covered), mac.digest)) continue; // ntpq had a wrong password
        const session = new ControlSession({ key, firstSequence: message.sequence });
        const operation = (
          { 3: "writeVariables", 8: "configure", 9: "saveConfiguration", 11: "readOrderedList" } as const
        )[message.operation as 3 | 8 | 9 | 11];
        session.ask([{ operation, data: message.data, authenticated: true }], start);
        expect(session.poll(start)).toEqual([question]);
        for (const bytes of answers) session.receive(bytes, start);
        expect(session.answers).toMatchObject([{ authentication: "ok" }]);
      }
    },
  );

  it("does not take an answer whose MAC is wrong", () => {
    const session = new ControlSession({ key });
    session.ask([{ ...SYSTEM, authenticated: true }], start);
    const [question] = session.poll(start).map(decoded);
    const forged = encodeSealedControl({ ...question!, response: true, data: text("leap=0") }, () => ({
      keyId: 7,
      digest: new Uint8Array(20),
    }));
    session.receive(forged, start);
    expect(session.answers).toBeNull();
    session.poll(after(start, 1));
    session.poll(after(start, 2));
    expect(session.answers).toEqual([{ kind: "failed", fault: "unauthenticated" }]);
  });

  it("reads a refusal with four zero octets", () => {
    const session = new ControlSession({ key });
    session.ask([{ operation: "readOrderedList", authenticated: true }], start);
    session.poll(start);
    for (const bytes of exchanges("h8-ntpq-auth-bad")[0]!.answers) session.receive(bytes, start);
    expect(session.answers).toEqual([
      { kind: "refused", error: "authentication", status: 0x0100, authentication: "nak" },
    ]);
  });
});
