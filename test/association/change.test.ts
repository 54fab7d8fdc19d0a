/** Whoever holds an association learns of every change: no verb may forget to say what it did. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Association } from "../../src/association/association.ts";
import { CHANGE, changesOf, enterIn } from "../../src/association/change.ts";
import type { Ledger } from "../../src/association/change.ts";
import { receiveReply } from "../../src/association/client.ts";
import {
  excuse,
  giveUp,
  goBy,
  hurry,
  introduce,
  measureAnew,
  moveTo,
  onAgreed,
  onUndelivered,
  onUnsealed,
  restart,
  resumeFrom,
  stayAway,
} from "../../src/association/life.ts";
import { askAgainAt, askAgainSoon, dueOf, onLost, onPoll, pollAt, wishPoll } from "../../src/association/poll.ts";
import { endRequest, onAsked, request, requestLeft } from "../../src/association/request.ts";
import type { QuestionToken } from "../../src/association/request.ts";
import { unfitness } from "../../src/system/fitness.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import type { Mono } from "../../src/time/mono.ts";
import type { Now } from "../../src/time/now.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import type { Header } from "../../src/wire/header.ts";
import { answerTo, at, client, DAEMON, ONCE, requestAt, securityOf, template } from "../support/association.ts";

const RULES = { daemon: DAEMON, once: ONCE } as const;
type Step = (held: Association, now: Now, rules: typeof DAEMON) => void;

/** What the engine does to an association, as it does it: whole steps, after each of which somebody may look. */
const STEPS: Readonly<Record<string, Step>> = {
  asks: (held, now, rules) => {
    onPoll(held, now.mono, rules);
    const asked = request((held.packets.sent + 1) as QuestionToken, 1n as NtpTimestamp, now, 1, null);
    requestLeft(asked, now.clock, "kernel");
    onAsked(held, asked);
  },
  "is answered": (held, now, rules) => answer(held, now, rules, {}),
  "is answered late": (held, now, rules) => answer(held, now, rules, {}, 0.8),
  "is told of an unsynchronized clock": (held, now, rules) => answer(held, now, rules, { leap: "unsynchronized" }),
  "is told to go away": (held, now, rules) => answer(held, now, rules, { stratum: 0, referenceId: 0x4445_4e59 }),
  "is told to slow down": (held, now, rules) => answer(held, now, rules, { stratum: 0, referenceId: 0x5241_5445 }),
  "is told nonsense": (held, now, rules) => answer(held, now, rules, { rootDispersion: 20 }),
  "hears a stranger": (held, now, rules) => answer(held, now, rules, { origin: 7n as NtpTimestamp }),
  "loses a question": (held, now, rules) => {
    const [oldest] = held.requests;
    if (oldest === undefined) return;
    endRequest(held, oldest);
    onLost(held, now.mono, rules);
  },
  "is introduced": (held, now) => introduce(held, answerTo(requestAt(now.mono))),
  "cannot be reached": (held) => onUndelivered(held, "noRoute"),
  "is excused": (held, now) => excuse(held, now.mono),
  "is given up": (held) => giveUp(held, "portUnreachable"),
  "loses its key": (held) => onUnsealed(held),
  "is recalled as one to leave alone": (held) => stayAway(held, "RATE", "kiss"),
  "is hurried": (held, now) => hurry(held, now.mono),
  "is moved to another address": (held) => moveTo(held, { ip: "192.0.2.99", port: 123 }),
  "goes by another line": (held, now) =>
    goBy(held, template({ noselect: true, minpoll: 4 }), securityOf("none"), now.mono),
  "is measured anew": (held, now) => measureAnew(held, now.mono),
  "is restarted": (held, now) => restart(held, now.mono),
  "has agreed": (held) => onAgreed(held, true),
  "is asked again": (held, now) => askAgainAt(held, now.mono),
  "is doubted, and asked again soon": (held, now, rules) => askAgainSoon(held, now.mono, rules),
  "is asked later": (held, now) => pollAt(held, (now.mono + 9) as Mono),
  "is asked no more": (held) => pollAt(held, null),
  "is asked more rarely": (held, now, rules) => void wishPoll(held, 9, now.mono, rules),
  "goes on where an earlier run ended": (held, now, rules) => {
    const header = answerTo(requestAt(now.mono)).header;
    const samples = [{ offset: 0.1, delay: 0.01, dispersion: 0.001, at: 0 as Mono }];
    const backoff = { poll: 12, until: (now.mono + 4096) as Mono };
    const left = { since: 0 as Mono, probation: 0 as Mono, backoff, minpoll: 7, hpoll: 8, reach: 255, unreach: 0 };
    const run = { isOnce: rules === ONCE, began: now.mono };
    resumeFrom(held, { ...left, heard: 0 as Mono, header, samples }, run, now.mono, rules);
  },
};

/** A reply comes to the oldest question, which is over with whatever it says. */
function answer(held: Association, now: Now, rules: typeof DAEMON, header: Partial<Header>, delay = 0.01): void {
  const [oldest] = held.requests;
  if (oldest === undefined) return;
  const packet = answerTo(oldest, { delay, ...header });
  receiveReply(held, oldest, new Uint8Array(48), { packet, at: now.clock, stamp: "kernel" }, now, rules);
  endRequest(held, oldest);
}

/** What selection makes of it, and of what. Why one without a sample is of no use is read only when it is told. */
function judged(held: Association, { mono }: Now, kind: keyof typeof RULES): readonly unknown[] {
  const rules = { limits: DEFAULT_LIMITS, ownReferenceIds: new Set<number>(), requireReach: kind === "daemon" };
  const { header, filter, probation, config, ended } = held;
  const unfit = filter.estimate === null ? "silent" : unfitness(held, mono, rules);
  return [unfit, ended, filter.estimate, header, probation, config];
}

describe("an association", () => {
  it("says of every change when it is due and that selection has something to see", () => {
    const names = Object.keys(STEPS);
    fc.assert(
      fc.property(
        fc.constantFrom("daemon", "once"),
        fc.array(fc.constantFrom(...names), { maxLength: 30 }),
        (kind, steps) => {
          const held = client();
          const ledger: Ledger = [];
          enterIn(held, ledger);
          for (const [index, name] of steps.entries()) {
            changesOf(held);
            ledger.length = 0;
            const now = at(index + 1);
            const before = { due: dueOf(held), judged: judged(held, now, kind) };
            STEPS[name]!(held, now, RULES[kind]);
            const { changes } = held;
            if (dueOf(held) !== before.due) expect(changes & CHANGE.due, `${name}: when it is due`).not.toBe(0);
            const after = judged(held, now, kind);
            if (after.some((value, place) => value !== before.judged[place]))
              expect(changes & (CHANGE.fitness | CHANGE.sample), `${name}: what selection sees`).not.toBe(0);
            expect(ledger, name).toEqual(changes === 0 ? [] : [held]);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("is entered once, however much of it changes, and when it is held no more", () => {
    const held = client();
    const ledger: Ledger = [];
    enterIn(held, ledger);
    pollAt(held, 1 as Mono);
    giveUp(held, "unreachable");
    expect(ledger).toEqual([held]);
    changesOf(held);
    ledger.length = 0;
    enterIn(held, null);
    expect(ledger).toEqual([held]);
    changesOf(held);
    pollAt(held, 2 as Mono);
    expect(ledger).toEqual([held]);
  });
});
