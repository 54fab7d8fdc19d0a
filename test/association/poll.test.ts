import { describe, expect, it } from "vitest";
import type { Association } from "../../src/association/association.ts";
import { count } from "../../src/association/change.ts";
import type { Writable } from "../../src/association/change.ts";
import { LOST_LIMIT, onAnswer, onLost, onPoll } from "../../src/association/poll.ts";
import { BURST_EIGHT, BURST_SIX } from "../../src/association/template.ts";
import type { Mono } from "../../src/time/mono.ts";
import { client, DAEMON, ONCE } from "../support/association.ts";

/** Polls as the engine does, and says when each packet left. */
function departures(
  held: Writable<Association>,
  polls: number,
  answered: (poll: number) => boolean,
  rules = ONCE,
): number[] {
  const left: number[] = [];
  held.nextPoll = 0 as Mono;
  for (let poll = 0; poll < polls && held.nextPoll !== null && held.ended === null; poll++) {
    const now: Mono = held.nextPoll;
    left.push(now);
    onPoll(held, now, rules);
    count(held, "sent");
    if (answered(poll)) {
      const wasReachable = held.reach !== 0;
      held.reach |= 1;
      held.unreach = 0;
      onAnswer(held, wasReachable, true, now, rules);
    } else onLost(held, now, rules);
  }
  return left;
}

describe("the poll process of a one-shot", () => {
  it("asks its four questions two seconds apart, and is complete", () => {
    const held = client();
    expect(departures(held, 9, () => true)).toEqual([0, 2, 4, 6]);
    expect(held.ended).toBe("complete");
  });

  it("waits for the call to be made after the first packet, and spaces at random, in the seed's other profile", () => {
    const rules = { ...ONCE, burst: BURST_EIGHT, samples: 8, uniform: () => 0.5 };
    const near = { ...client(), address: { ip: "127.0.0.1", port: 123 } };
    expect(departures(near, 9, () => true, rules)).toEqual([0, 16, 18.5, 21, 23.5, 26, 28.5, 31]);
  });

  it("never asks a stranger sooner than strangers bear, whatever the spacing", () => {
    const rules = { ...ONCE, burst: { ...BURST_EIGHT, callDelay: null }, samples: 8, uniform: () => 0 };
    expect(departures(client(), 3, () => true, rules)).toEqual([0, 2, 4]);
    const hasty = { ...ONCE, burst: { ...BURST_SIX, spacing: { least: 0.05, most: 0.05 } } };
    expect(departures(client(), 9, () => true, hasty)).toEqual([0, 2, 4, 6]);
    const near = { ...client(), address: { ip: "10.0.0.7", port: 123 } };
    expect(departures(near, 2, () => true, hasty)[1]).toBeCloseTo(0.05);
  });

  it("calls a server unreachable after three questions without an answer", () => {
    const held = client();
    expect(departures(held, 9, () => false)).toHaveLength(LOST_LIMIT);
    expect(held.ended).toBe("unreachable");
  });

  it("asks again for what was lost", () => {
    const held = client();
    expect(departures(held, 20, (poll) => poll !== 1)).toHaveLength(5);
    expect(held).toMatchObject({ ended: "complete", answers: 4 });
  });

  it("asks for no more than it still wants, however slow the answers are", () => {
    const held = client({ samples: 1 });
    onPoll(held, 0 as Mono, ONCE);
    expect(held.nextPoll).toBeNull();
  });

  it("never asks without end, however the losses fall", () => {
    expect(departures(client(), 100, (poll) => poll % 3 === 2).length).toBeLessThanOrEqual(8);
  });
});

describe("the poll process of the daemon", () => {
  it("sends one packet to a silent server each 2^minpoll seconds, after three at first (iburst), then goes to maxpoll", () => {
    const held = client();
    const left = departures(held, 14, () => false, { ...DAEMON, uniform: () => 0 });
    // At the tenth poll in vain, and no other (seed 002).
    expect(left.slice(1).map((at, index) => at - left[index]!)).toEqual([
      2, 2, 64, 64, 64, 64, 64, 64, 64, 64, 64, 1024, 1024,
    ]);
    expect(held.ended).toBeNull();
  });

  it("sends six packets when the server first answers (iburst), and then polls", () => {
    const left = departures(client(), 8, () => true, { ...DAEMON, uniform: () => 0 });
    expect(left.slice(0, 6)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(left[6]! - left[5]!).toBe(64);
    expect(left[7]! - left[6]!).toBe(64);
  });

  it("shifts the reach register once a poll, not once a packet of a burst", () => {
    const held = client();
    departures(held, 6, () => true, DAEMON);
    expect(held.reach).toBe(1);
  });

  it.each([
    { minpoll: 6, maxpoll: 6, hpoll: 6, packets: 6 },
    { minpoll: 6, maxpoll: 8, hpoll: 8, packets: 6 },
    { minpoll: 10, maxpoll: 12, hpoll: 10, packets: 6 }, // 1024 s, where the seed recommends it
    { minpoll: 6, maxpoll: 10, hpoll: 6, packets: 1 },
    { minpoll: 6, maxpoll: 10, hpoll: 7, packets: 2 },
    { minpoll: 3, maxpoll: 3, hpoll: 3, packets: 2 }, // as many as fit into half of 8 s
  ])("sends whole bursts where polls get no rarer, or are rare: %j", ({ minpoll, maxpoll, hpoll, packets }) => {
    const held = client({ burst: true, iburst: false, minpoll, maxpoll });
    held.hpoll = hpoll;
    held.reach = 1;
    const left = departures(held, packets + 1, () => true, { ...DAEMON, uniform: () => 0 });
    expect(left.slice(0, packets)).toEqual(Array.from({ length: packets }, (_, index) => 2 * index));
    expect(left[packets]! - left[packets - 1]!).toBe(2 ** hpoll);
  });

  it("sends longer bursts the rarer it polls", () => {
    const held = client({ burst: true, iburst: false });
    held.hpoll = 8;
    held.reach = 1;
    const left = departures(held, 5, () => true, { ...DAEMON, uniform: () => 0 });
    expect(left).toEqual([0, 2, 4, 6, 6 + 256]);
  });
});
