import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMru } from "../../../src/control/mru.ts";
import { Purse, type Budgets } from "../../../src/control/responder/budget.ts";
import { isValidNonce, makeNonce, NONCE_LIFETIME } from "../../../src/control/responder/nonce.ts";
import { ControlResponder } from "../../../src/control/responder/responder.ts";
import { MOST_LOOKED_AT, SteadyTimes } from "../../../src/control/responder/recent.ts";
import { FLAG } from "../../../src/server/access.ts";
import { sourceOf } from "../../../src/server/source.ts";
import type { Mono } from "../../../src/time/mono.ts";
import { shift } from "../../../src/time/timestamp.ts";
import { addressText } from "../../../src/wire/address.ts";
import { decodeControl, encodeControl, OPERATIONS, type Control } from "../../../src/wire/control.ts";
import { textOf } from "../../../src/control/variables.ts";
import { ask, type Daemon } from "../replay.ts";
import { ASKER, BEGINNING, facts, heardClients, queried, responderOf, view } from "./view.ts";

const SECRET = Uint8Array.from(Buffer.from("sixteen octets!!"));

function asked(operation: number, text = ""): Uint8Array {
  return encodeControl({
    leap: "none",
    version: 2,
    response: false,
    error: false,
    more: false,
    operation,
    sequence: 1,
    status: 0,
    association: 0,
    offset: 0,
    data: Uint8Array.from(Buffer.from(text)),
  });
}

function told(answers: readonly Uint8Array[]): string {
  return textOf(Buffer.concat(answers.map((bytes) => (decodeControl(bytes) as Control).data)));
}

/** Asks with a nonce of its own. */
function recent(daemon: Daemon, rest: string): readonly Uint8Array[] {
  const nonce = told(daemon(asked(OPERATIONS.requestNonce))).trim();
  return daemon(asked(OPERATIONS.readMru, `${nonce}, ${rest}`));
}

describe("the list of recent clients", () => {
  it("comes whole, oldest first, however long it is", () => {
    const mru = heardClients(3000, { maxdepth: 4000, mindepth: 600, maxage: 64 });
    const read = ask(readMru(), responderOf({ mru }).daemon);
    if (read.kind !== "mru") throw new Error(read.fault);
    expect(read).toMatchObject({ complete: true, updates: 0 });
    expect(read.entries.map(({ address }) => address)).toEqual(
      Array.from(mru.entries(), ({ address, port }) => addressText({ ip: address, port })).toReversed(),
    );
    expect(read.entries[0]).toMatchObject({ count: 1, mode: "client", version: 4 });
  });

  it("is told once more of whoever is heard while it is read", () => {
    const mru = heardClients(400);
    const { daemon } = responderOf({ mru });
    let answers = 0;
    const busy: Daemon = (bytes) => {
      const answer = daemon(bytes);
      answers += 1;
      if (answers === 2) mru.touch({ source: sourceOf("10.1.0.1")!, port: 9, mono: 0 as Mono }, 3, 4, 0);
      return answer;
    };
    const read = ask(readMru(), busy);
    expect(read).toMatchObject({ kind: "mru", complete: true, updates: 0 });
    expect(read.kind === "mru" && [read.entries.length, read.entries.at(-1)!.address]).toEqual([401, "10.1.0.1:9"]);
  });

  it("costs a question no more than a bound of entries, whatever is wanted of a list however long", () => {
    const size = 2 * MOST_LOOKED_AT + 500;
    const mru = heardClients(size, { maxdepth: size, mindepth: 600, maxage: 64 });
    const frequent = [7, MOST_LOOKED_AT + 9, size - 3].map((index) => `10.1.${index >> 8}.${index & 255}`);
    for (const ip of frequent) mru.touch({ source: sourceOf(ip)!, port: 9, mono: 0 as Mono }, 3, 4, FLAG.limited);
    const looked = { figures: 0, entries: 0 };
    const counted = new Proxy(mru, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          if (name === "newer") looked.figures += 1;
          if (name === "entry") looked.entries += 1;
          return value.apply(target, args);
        };
      },
    });
    const { daemon } = responderOf({ mru: counted });
    for (const wanted of ["mincount=99999999", "resall=0x2", "resany=0xfff", "maxlstint=-1", "minlstint=1000000000"]) {
      Object.assign(looked, { figures: 0, entries: 0 });
      const text = told(recent(daemon, `limit=256, ${wanted}`));
      expect([wanted, text.match(/addr\./g)?.length, text.includes("now=")]).toEqual([wanted, 1, false]);
      expect(looked.figures).toBeLessThan(MOST_LOOKED_AT + 2);
      expect(looked.entries).toBe(1);
    }
    const read = ask(readMru({ filter: { mincount: 2 } }), daemon);
    expect(read.kind === "mru" && [read.complete, read.entries.map(({ address }) => address).sort()]).toEqual([
      true,
      frequent.map((ip) => `${ip}:9`).sort(),
    ]);
  });

  it("is bounded by rows and by datagrams, and filtered", () => {
    const { daemon } = responderOf({ mru: heardClients(500) });
    expect(told(recent(daemon, "limit=2")).match(/addr\./g)).toHaveLength(2);
    expect(told(recent(daemon, "limit=2"))).not.toContain("now=");
    expect(recent(daemon, "frags=3").length).toBeLessThanOrEqual(3);
    expect(told(recent(daemon, "limit=256, mincount=2"))).toMatch(/^nonce=\w{32}, now=0x[\da-f.]{17}\r\n$/);
    expect(told(recent(daemon, "limit=256, maxlstint=1, resany=0x40"))).not.toContain("addr");
  });

  it.each(["", "frags=129", "limit=257", "frags=x", "frags=-1", "frags=2, mincount=many"])(
    "is refused with a bad value: %j",
    (rest) => {
      expect(recent(responderOf().daemon, rest).map((bytes) => decodeControl(bytes))).toMatchObject([
        { error: true, status: 0x0600 },
      ]);
    },
  );

  it("is refused to whoever knows nothing of it any more", () => {
    expect(
      recent(responderOf().daemon, "frags=2, addr.0=192.0.2.1:9, last.0=0x00000001.00000000").map((bytes) =>
        decodeControl(bytes),
      ),
    ).toMatchObject([{ error: true, status: 0x0500 }]);
  });

  it("says limited only of those it came to", () => {
    const mru = heardClients(1);
    const drop = mru.touch({ source: sourceOf("192.0.2.1")!, port: 1, mono: 0 as Mono }, 3, 4, 0xffff);
    expect(told(recent(responderOf({ mru }).daemon, "limit=9"))).toContain("rs.1=0x17bf");
    mru.countDrop(drop);
    expect(told(recent(responderOf({ mru }).daemon, "limit=9"))).toContain("rs.1=0x1fff");
  });

  it("keeps its times while the clock is slewed, and takes others when it is stepped", () => {
    const times = new SteadyTimes();
    times.observe({ mono: 0 as Mono, clock: BEGINNING });
    times.observe({ mono: 100 as Mono, clock: shift(BEGINNING, 100.05) });
    expect(times.at(3 as Mono)).toBe(shift(BEGINNING, 3));
    times.observe({ mono: 200 as Mono, clock: shift(BEGINNING, 300) });
    expect(times.at(3 as Mono)).toBe(shift(BEGINNING, 103));
  });
});

describe("nonces", () => {
  it("are good for the address they were made for, for a short while", () => {
    const nonce = makeNonce(SECRET, "192.0.2.7", BEGINNING);
    const valid = (ip: string, after: number, text = nonce, secret = SECRET): boolean =>
      isValidNonce(secret, ip, shift(BEGINNING, after), text);
    expect([valid("192.0.2.7", 0), valid("192.0.2.7", NONCE_LIFETIME - 0.01)]).toEqual([true, true]);
    expect([valid("192.0.2.8", 0), valid("192.0.2.7", NONCE_LIFETIME), valid("192.0.2.7", -1)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(
      valid(
        "192.0.2.7",
        0,
        nonce,
        Uint8Array.from(SECRET, (octet) => octet ^ 1),
      ),
    ).toBe(false);
  });

  it("are not to be guessed by changing one", () => {
    const nonce = makeNonce(SECRET, "192.0.2.7", BEGINNING);
    fc.assert(
      fc.property(fc.nat(31), fc.stringMatching(/^[0-9a-f]$/), (place, digit) => {
        const other = nonce.slice(0, place) + digit + nonce.slice(place + 1);
        expect(isValidNonce(SECRET, "192.0.2.7", shift(BEGINNING, 1), other)).toBe(other === nonce);
      }),
    );
  });
});

describe("the budget", () => {
  const BUDGETS: Budgets = {
    proven: { burst: 20_000, rate: 500 },
    unproven: { burst: 3000, rate: 100 },
    everyone: { burst: 5000, rate: 200 },
  };

  it("is never exceeded by what is sent to a source, or to all of them", () => {
    const questions = fc.record({
      wait: fc.double({ min: 0, max: 20, noNaN: true }),
      host: fc.nat(3),
      operation: fc.constantFrom(1, 2, 8, 12),
      association: fc.constantFrom(0, 41_920, 5),
    });
    fc.assert(
      fc.property(fc.array(questions, { minLength: 1, maxLength: 60 }), (all) => {
        const responder = new ControlResponder(facts(), BUDGETS);
        const sent = new Map<string, number>();
        let mono = 0;
        for (const { wait, host, operation, association } of all) {
          mono += wait;
          const ip = `192.0.2.${host}`;
          const bytes = asked(operation);
          new DataView(bytes.buffer).setUint16(6, association);
          const state = view({}, mono);
          const octets = responder
            .respond(bytes, { ip, port: 123 }, queried(state), state.now)
            .reduce((sum, { length }) => sum + length, 0);
          sent.set(ip, (sent.get(ip) ?? 0) + octets);
          expect(sent.get(ip)).toBeLessThanOrEqual(BUDGETS.unproven.burst + BUDGETS.unproven.rate * mono);
          expect([...sent.values()].reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(
            BUDGETS.everyone.burst + BUDGETS.everyone.rate * mono,
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it("refuses by name where there is enough left for that, then is silent, then goes on", () => {
    const responder = new ControlResponder(facts(), { ...BUDGETS, unproven: { burst: 800, rate: 100 } });
    const answered = (mono: number): unknown[] => {
      const state = view({}, mono);
      return responder
        .respond(asked(OPERATIONS.readVariables), { ip: "192.0.2.7", port: 123 }, queried(state), state.now)
        .map((bytes) => decodeControl(bytes));
    };
    expect(answered(0)).toMatchObject([{ error: false }]);
    expect(answered(0)).toMatchObject([{ error: false }]);
    expect(answered(0)).toMatchObject([{ error: true, status: 0x0700 }]);
    expect(responder.counts.overBudget).toBe(1);
    expect(answered(4)).toMatchObject([{ error: false }]);
  });

  it("is wider for whoever showed a nonce, and for this host", () => {
    const purse = new Purse(BUDGETS);
    expect(purse.pay("192.0.2.7", false, 3001, 0 as Mono)).toBe(false);
    expect(purse.pay("192.0.2.7", true, 20_000, 0 as Mono)).toBe(true);
    expect(purse.pay("192.0.2.7", true, 1, 0 as Mono)).toBe(false);
    expect(purse.pay("192.0.2.7", false, 3000, 0 as Mono)).toBe(true);
    expect(purse.pay("192.0.2.7", true, 500, 1 as Mono)).toBe(true);
  });

  it("is not renewed for all by a flood of addresses", () => {
    const purse = new Purse(BUDGETS);
    let octets = 0;
    for (let host = 0; host < 5000; host += 1)
      if (purse.pay(`10.0.${host >> 8}.${host & 255}`, false, 500, 0 as Mono)) octets += 500;
    expect(octets).toBe(5000);
  });
});

it("the list is read without making a snapshot of the engine", () => {
  const never = (): never => {
    throw new Error("the snapshot was made");
  };
  const state = Object.defineProperties(view(), { snapshot: { get: never }, peers: { get: never } });
  const responder = new ControlResponder(facts());
  const daemon: Daemon = (bytes) => responder.respond(bytes, ASKER, queried(state), state.now);
  expect(told(recent(daemon, "limit=2")).match(/addr\./g)).toHaveLength(2);
  expect(() => daemon(asked(OPERATIONS.readStatus))).toThrow("the snapshot was made");
});

it("a nonce of one address is of no use to another", () => {
  const { responder, daemon } = responderOf();
  const nonce = told(daemon(asked(OPERATIONS.requestNonce))).trim();
  const from = { ip: "192.0.2.7", port: ASKER.port };
  expect(responder.respond(asked(OPERATIONS.readMru, `${nonce}, frags=2`), from, queried(view()), view().now)).toEqual(
    [],
  );
  expect(daemon(asked(OPERATIONS.readMru, `${nonce}, frags=2`)).length).toBeGreaterThan(0);
});
