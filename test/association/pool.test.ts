/** The pool solicitor by itself: what it remembers of addresses, which of its questions is next due, and whom it asks next. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dueOf,
  endQuestion,
  onAsked,
  onChosen,
  onFailed,
  onLookup,
  onOverdue,
  onUsable,
  poolSolicitor,
  questionOf,
  toBeAsked,
} from "../../src/association/pool.ts";
import type { PoolQuestion, PoolSolicitor } from "../../src/association/pool.ts";
import type { QuestionToken } from "../../src/association/request.ts";
import type { Mono } from "../../src/time/mono.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { template } from "../support/association.ts";

const LINE = template({ name: "pool.test", kind: "pool", minpoll: 6, maxpoll: 10 });

function drawing(...addresses: readonly string[]): PoolSolicitor {
  const pool = poolSolicitor(LINE, 0 as Mono);
  onLookup(pool, addresses, 0 as Mono);
  return pool;
}

function question(token: number, expires: number, forgotten: number): PoolQuestion {
  return {
    to: { ip: `192.0.2.${token}`, port: 123 },
    token: token as QuestionToken,
    cookie: 1n as NtpTimestamp,
    expires: expires as Mono,
    forgotten: forgotten as Mono,
  };
}

describe("addresses to be asked", () => {
  it("are those behind the one that was chosen", () => {
    const pool = drawing("192.0.2.1", "192.0.2.2", "192.0.2.3");
    onChosen(pool, "192.0.2.2", 5 as Mono);
    expect(toBeAsked(pool, 5 as Mono)).toEqual(["192.0.2.3"]);
    expect(dueOf(pool)).toBe(5 + 64);
  });

  it("are none once what the resolver said is older than 1024 s", () => {
    const pool = drawing("192.0.2.1");
    expect(toBeAsked(pool, 1024 as Mono)).toEqual(["192.0.2.1"]);
    expect(toBeAsked(pool, 1025 as Mono)).toEqual([]);
  });
});

describe("questions", () => {
  it("that are overdue are still known by their packet, and due when they are forgotten", () => {
    const pool = drawing("192.0.2.1", "192.0.2.2");
    const [first, second] = [question(1, 1, 3), question(2, 6, 9)];
    onAsked(pool, first);
    expect(dueOf(pool)).toBe(1);
    onOverdue(pool, first, 1 as Mono);
    expect(dueOf(pool)).toBe(1);
    onAsked(pool, second);
    expect(dueOf(pool)).toBe(3);
    expect(questionOf(pool, first.token)).toBe(first);
    endQuestion(pool, first);
    expect([questionOf(pool, first.token), pool.asked, dueOf(pool)]).toEqual([undefined, second, 6]);
    endQuestion(pool, second);
    expect(pool.asked).toBeNull();
  });
});

describe("addresses that gave nothing", () => {
  it("are remembered once each, the latest 64, and forgotten when they give something", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(90), { maxLength: 300 }), (order) => {
        const pool = drawing();
        const latest: string[] = [];
        for (const number of order) {
          const ip = `192.0.2.${number}`;
          expect(onFailed(pool, ip, "noReply")).toBe(!latest.includes(ip));
          if (latest.includes(ip)) latest.splice(latest.indexOf(ip), 1);
          latest.push(ip);
          latest.splice(0, latest.length - 64);
        }
        expect([...pool.failed.keys()]).toEqual(latest);
        if (latest.length === 0) return;
        onUsable(pool, latest[0]!);
        expect([...pool.failed.keys()]).toEqual(latest.slice(1));
      }),
    );
  });
});
