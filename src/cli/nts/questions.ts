/** What the doctor asks for the time: in the shortest way, in all sizes, by a cookie that is none, and by one that was sent before. */
import { steady } from "../../host/clock.ts";
import type { Probe } from "../../host/probe.ts";
import { AEADS } from "../../security/nts/aead.ts";
import { COOKIES_IN_HAND } from "../../security/nts/size.ts";
import { elapsed } from "../../time/mono.ts";
import { counted, durationText, signedText } from "../../view/text.ts";
import { addressText, type Address } from "../../wire/address.ts";
import { ADVICE, adviceFor } from "./advice.ts";
import type { Granted, Hands } from "./asking.ts";
import type { Chart } from "./chart.ts";
import { TRIES, type Purse } from "./purse.ts";

/** With what it asks, and where it enters what comes of it. */
export interface Asking {
  readonly chart: Chart;
  readonly hands: Hands;
  readonly purse: Purse;
  /** The server that was negotiated. */
  readonly to: Address;
  /** Keys by other AEADs, by their number. */
  readonly others: ReadonlyMap<number, Granted>;
}

/** Without placeholders. @returns its answer; `null`: none that has the time */
export async function askBare(asking: Asking): Promise<Probe | null> {
  const { chart, purse, to } = asking;
  const began = steady();
  const { answer, octets } = await purse.ask(to, 0);
  const took = elapsed(began, steady());
  if (answer?.authentication === "ok" && answer.sample !== null) {
    const { sample, answered } = answer;
    chart.findings.offset = sample.offset;
    chart.findings.delay = sample.delay;
    chart.note({ placeholders: 0, octets, answered: true });
    const detail = `${octets} octets out, ${answered} back; offset ${signedText(sample.offset)}, delay ${durationText(sample.delay)}`;
    chart.enter("udp", true, took, detail);
    return answer;
  }
  if (answer !== null) {
    const detail = answer.authentication === "nak" ? "it answers NTS NAK" : "its answer is no time";
    chart.enter("udp", false, took, detail, ADVICE.refused, "authentication");
    return null;
  }
  chart.note({ placeholders: 0, octets, answered: false });
  await tellSilence(asking, octets, began);
  return null;
}

/** Nobody answers under NTS: is it the port, the size, or the key? */
async function tellSilence(
  { chart, hands, to, others }: Asking,
  octets: number,
  began: ReturnType<typeof steady>,
): Promise<void> {
  const shortest = AEADS.at(-1)!;
  const other = others.get(shortest.id);
  const silent = `no answer to ${TRIES} requests of ${octets} octets at ${addressText(to)}`;
  const short = other === undefined ? null : await hands.ask(to, other.keys, other.keys.cookies[0]!, 0);
  const plain = short === null ? await hands.askPlainly(to) : null;
  const took = elapsed(began, steady());
  if (short !== null) {
    const detail = `${silent}, but to ${short.asked} octets under ${shortest.name}`;
    return chart.enter("udp", false, took, detail, ADVICE.shorter);
  }
  if (plain !== null)
    return chart.enter("udp", false, took, `${silent}, but to ${plain.asked} octets of plain NTP`, ADVICE.sized);
  chart.enter("udp", false, took, `${silent}, nor to plain NTP`, ADVICE.blocked);
}

/** As many placeholders as are ever sent, and where those are too many, how many pass. */
export async function trySizes({ chart, hands, purse, to }: Asking): Promise<void> {
  const began = steady();
  const full = COOKIES_IN_HAND - 1;
  let [passes, lost] = [0, full + 1];
  for (let most = full; lost - passes > 1 && !hands.signal.aborted; most = Math.floor((passes + lost) / 2)) {
    const { answer, octets } = await purse.ask(to, most);
    const answered = answer?.authentication === "ok";
    chart.note({ placeholders: most, octets, answered });
    if (answered) passes = most;
    else lost = most;
  }
  const took = elapsed(began, steady());
  const octetsOf = (count: number): number =>
    chart.findings.sizes.find(({ placeholders }) => placeholders === count)?.octets ?? 0;
  if (passes === full) {
    const detail = `${counted(full, "placeholder")}, ${octetsOf(full)} octets each way`;
    return chart.enter("placeholders", true, took, detail);
  }
  const detail = `requests of ${octetsOf(passes)} octets are answered, of ${octetsOf(lost)} not: ${counted(passes, "placeholder")} at most`;
  chart.enter("placeholders", false, took, detail, ADVICE.placeholders);
}

/** What it says to a cookie that is none of its own. */
export async function tryStrangeCookie({ chart, hands, purse, to }: Asking): Promise<void> {
  const began = steady();
  const strange = await purse.cookie();
  if (strange === null) return;
  const { cookie, keys } = strange;
  const altered = cookie.map((octet, at) => (at >= cookie.length / 2 ? octet ^ 0xff : octet));
  const answer = await hands.ask(to, keys, altered, 0);
  const took = elapsed(began, steady());
  if (answer?.authentication === "nak") return chart.enter("nak", true, took, "NTS NAK to a cookie that was altered");
  if (answer === null) return chart.enter("nak", true, took, "no answer to a cookie that was altered", ADVICE.nak);
  const detail = "it answers a cookie that was altered by something else than NTS NAK";
  chart.enter("nak", false, took, detail, adviceFor("record"));
}

/** A server keeps no list of cookies, so that who has lost an answer has lost nothing else. */
export async function tryAgain({ chart, hands, purse, to }: Asking): Promise<void> {
  const began = steady();
  const once = await purse.cookie();
  if (once === null) return;
  await hands.ask(to, once.keys, once.cookie, 0);
  const answer = await hands.ask(to, once.keys, once.cookie, 0);
  const detail =
    answer?.authentication === "ok"
      ? "a cookie that was sent before is answered again"
      : "a cookie that was sent before is not answered again";
  chart.enter("reuse", true, elapsed(began, steady()), detail);
}
