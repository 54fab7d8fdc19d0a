/** Whether the dates of a certificate are good, and whose clock is to blame where they are not. */
import type { Settled } from "../../host/ntske.ts";
import type { Seconds } from "../../time/seconds.ts";
import { counted, durationText, longText } from "../../view/text.ts";
import { ADVICE, adviceFor } from "./advice.ts";

/** Days that a certificate should still have. */
const SOON = 7;
const DAY = 86_400;
/** A clock that is off by less is not to blame for dates. */
const CLOCK_OFF: Seconds = 60;

/** What is to be said of dates. */
export interface JudgedDates {
  readonly ok: boolean;
  readonly detail: string;
  readonly advice: string | null;
  /** Whole days left of the one that ends first; `null`: none says when. */
  readonly expires: number | null;
}

/**
 * Judges the dates of a chain, by the time that was measured where there is one; else by this host's clock.
 * @param chain not empty, the server's own first
 * @param local this host's clock, Unix seconds
 * @param offset the server's time less that; `null`: it was not measured
 */
export function judgeDates(chain: Settled["seen"]["chain"], local: number, offset: Seconds | null): JudgedDates {
  const from = Math.max(...chain.map(({ from: date }) => secondsOf(date, -Infinity)));
  const until = Math.min(...chain.map(({ until: date }) => secondsOf(date, Infinity)));
  const measured = local + (offset ?? 0);
  const left = Math.floor((until - measured) / DAY);
  const expires = Number.isFinite(left) ? left : null;
  const isGood = (now: number): boolean => now >= from && now <= until;
  const dates = `valid from ${dateText(from)} until ${dateText(until)}`;
  const by = offset === null ? "by this host's clock" : "by the time measured";
  if (!isGood(measured)) {
    const [what, why] =
      measured < from ? (["not valid yet", "notYetValid"] as const) : (["expired", "expired"] as const);
    return {
      ok: false,
      detail: `${what} ${by}: ${dates}`,
      advice: isGood(local) ? ADVICE.theirClock : adviceFor(why),
      expires,
    };
  }
  if (!isGood(local) && offset !== null && Math.abs(offset) > CLOCK_OFF) {
    const off = longText(Math.abs(offset)) ?? durationText(Math.abs(offset));
    const detail = `${dates}: good by the time measured, and not by this host's clock, which is ${off} ${offset > 0 ? "behind" : "ahead"}`;
    return { ok: false, detail, advice: ADVICE.clock, expires };
  }
  const detail = `${chain[0]!.subject}, by ${chain[0]!.issuer}; ${dates}, ${counted(left, "day")} more ${by}`;
  return { ok: true, detail, advice: left < SOON ? ADVICE.soon : null, expires };
}

function secondsOf(date: string | null, otherwise: number): number {
  return date === null ? otherwise : Date.parse(date) / 1000;
}

function dateText(seconds: number): string {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString().slice(0, 10) : "?";
}
