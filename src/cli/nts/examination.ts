/**
 * The doctor's examination: one step after the other, each timed, as far as the ones before it allow. A certificate whose dates are
 * wrong by this host's clock is not taken for the end: with the time that the server tells it may turn out to be the clock.
 *
 * ```text
 *  dns ─► tcp ─► tls ─► alpn ─► records ─► aeads ─► cookies ─► udp ─► certificate ─► placeholders ─► nak ─► reuse
 * ```
 */
import { ESTABLISH_FAULTS } from "../../engine/port/establish.ts";
import type { Outcome } from "../../engine/port/outcome.ts";
import { steady } from "../../host/clock.ts";
import type { Settled } from "../../host/ntske.ts";
import type { Probe } from "../../host/probe.ts";
import { AEADS } from "../../security/nts/aead.ts";
import { COOKIES_IN_HAND } from "../../security/nts/size.ts";
import { OFFERED_AEADS } from "../../security/nts/ke.ts";
import type { EstablishedKeys } from "../../security/security.ts";
import { elapsed } from "../../time/mono.ts";
import type { Seconds } from "../../time/seconds.ts";
import { establishText, RESOLVE_FAULTS } from "../../view/explain.ts";
import {
  NTS_STEPS,
  type NtsFindings,
  type NtsStep,
  type SizeDocument,
  type StepDocument,
} from "../../view/nts-document.ts";
import { counted, durationText, listed, signedText } from "../../view/text.ts";
import { addressText, type Address } from "../../wire/address.ts";
import { ADVICE, adviceFor } from "./advice.ts";
import type { Granted, Hands } from "./asking.ts";
import { judgeDates } from "./dates.ts";

/** Whom to examine. */
export interface Patient {
  /** As it was typed. */
  readonly host: string;
  readonly name: string;
  /** Of key establishment. */
  readonly port: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** So often a question is asked before it counts as unanswered. */
const TRIES = 2;

/** One examination. */
export class Examination {
  readonly findings: Writable<NtsFindings>;
  readonly #patient: Patient;
  readonly #hands: Hands;
  readonly #steps: StepDocument[] = [];
  /** Cookies that were not sent. */
  #cookies: Uint8Array[] = [];
  #granted: Granted | null = null;
  /** It answers, and not with the time. */
  #isRefused = false;

  constructor(patient: Patient, hands: Hands) {
    this.#patient = patient;
    this.#hands = hands;
    this.findings = {
      address: null,
      port: patient.port,
      tls: null,
      certificates: [],
      expires: null,
      aeads: [],
      cookies: [],
      server: null,
      serverAddress: null,
      serverPort: null,
      offset: null,
      delay: null,
      sizes: [],
    };
  }

  /** What was found, in the order of the steps. */
  get steps(): readonly StepDocument[] {
    const order = Object.keys(NTS_STEPS);
    return this.#steps.toSorted((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
  }

  /** How the command ends where a step is the first that failed. */
  codeOf(step: NtsStep): Outcome {
    return step === "udp" && this.#isRefused ? "authentication" : NTS_STEPS[step];
  }

  /** Examines as far as it goes. */
  async run(): Promise<void> {
    const places = await this.#lookUp();
    const settled = await this.#shakeHands(places);
    if (settled === null) return;
    if (settled.kind === "failed" || this.#hands.signal.aborted) return this.#judgeCertificates(settled, null);
    this.#granted = settled;
    this.#cookies = settled.keys.cookies.slice();
    await this.#tryAeads(settled);
    const to = await this.#serverOf(settled);
    if (to === null) return this.#judgeCertificates(settled, null);
    const answer = await this.#askBare(to);
    this.#judgeCertificates(settled, answer);
    if (answer === null || this.#hands.signal.aborted) return;
    await this.#trySizes(to);
    await this.#tryStrangeCookie(to);
    await this.#tryAgain(to);
  }

  #step(name: NtsStep, ok: boolean, took: Seconds, detail: string | null, advice: string | null = null): void {
    // What was cut off says nothing of the other side.
    if (!this.#hands.signal.aborted) this.#steps.push({ name, ok, elapsed: took, detail, advice });
  }

  async #lookUp(): Promise<readonly string[]> {
    const began = steady();
    const found = await this.#hands.addresses(this.#patient.name);
    const took = elapsed(began, steady());
    if (Array.isArray(found)) {
      this.#step("dns", true, took, listed(found));
      return found;
    }
    this.#step("dns", false, took, found.fault === "unresolved" ? RESOLVE_FAULTS[found.why] : null, ADVICE.dns);
    return [];
  }

  /** With the first address that takes a connection. @returns `null`: none does, or there is none */
  async #shakeHands(places: readonly string[]): Promise<Settled | null> {
    for (const [at, ip] of places.entries()) {
      const place = { ip, port: this.#patient.port };
      const settled = await this.#hands.shake(this.#patient.name, place, OFFERED_AEADS);
      if (settled === null) return null;
      if (settled.seen.connected === null && at < places.length - 1) continue;
      this.findings.address = ip;
      this.#tellHandshake(place, settled);
      return settled.seen.connected === null ? null : settled;
    }
    return null;
  }

  #tellHandshake(place: Address, settled: Settled): void {
    const { connected, secured, ended, protocol, alpn, chain } = settled.seen;
    const fault = settled.kind === "failed" ? settled : null;
    const step = fault === null ? null : ESTABLISH_FAULTS[fault.why].step;
    const fails = (name: NtsStep, took: Seconds): void =>
      this.#step(name, false, took, establishText(fault!.why, fault!.detail), adviceFor(fault!.why));
    if (connected === null) return fails("tcp", ended);
    this.#step("tcp", true, connected, addressText(place));
    if (secured === null && step !== "alpn") return fails("tls", ended - connected);
    this.#step("tls", true, (secured ?? ended) - connected, protocol);
    this.findings.tls = protocol;
    this.findings.certificates = chain.map(({ subject, issuer, from, until, fingerprint }) => ({
      subject,
      issuer,
      from,
      until,
      fingerprint,
    }));
    if (alpn !== "ntske/1") return this.#step("alpn", false, 0, establishText("alpn", null), adviceFor("alpn"));
    this.#step("alpn", true, 0, alpn);
    const took = ended - (secured ?? ended);
    if (step === "certificate") return;
    if (fault !== null) return fails(fault.why === "cookies" ? "cookies" : "records", took);
    const { grant } = settled as Granted;
    this.#step(
      "records",
      true,
      took,
      `${grant.aead.name}, for ${grant.server ?? "the same address"}, UDP port ${grant.port}`,
    );
  }

  /** One handshake for each AEAD alone. */
  async #tryAeads({ grant, keys }: Granted): Promise<void> {
    const began = steady();
    const place = { ip: this.findings.address!, port: this.#patient.port };
    const taken: number[] = [];
    for (const { id } of AEADS) {
      if (this.#hands.signal.aborted) return;
      const settled = id === grant.aead.id ? null : await this.#hands.shake(this.#patient.name, place, [id]);
      if (id === grant.aead.id || settled?.kind === "granted") taken.push(id);
      if (settled?.kind === "granted") this.#others.set(id, settled);
    }
    this.findings.aeads = AEADS.map(({ id, name }) => ({ name, id, taken: taken.includes(id) }));
    const names = (is: boolean): string =>
      listed(AEADS.filter(({ id }) => taken.includes(id) === is).map(({ name }) => name));
    const hasMandatory = taken.includes(AEADS[0]!.id);
    const detail = `it takes ${names(true)}${taken.length === AEADS.length ? "" : `; not ${names(false)}`}`;
    this.#step("aeads", hasMandatory, elapsed(began, steady()), detail, hasMandatory ? null : ADVICE.mandatory);
    const lengths = keys.cookies.map(({ length }) => length);
    this.findings.cookies = lengths;
    const long = [...new Set(lengths)].map((length) => `${length} octets`);
    this.#step("cookies", true, 0, `${counted(lengths.length, "cookie")} of ${listed(long)}`);
  }

  /** Keys by other AEADs, by their number. */
  readonly #others = new Map<number, Granted>();

  /** Where the time is asked; `null`: the server that is named has no address. */
  async #serverOf({ grant: { server, port } }: Granted): Promise<Address | null> {
    const began = steady();
    const found = server === null ? [this.findings.address!] : await this.#hands.addresses(server);
    const [ip] = Array.isArray(found) ? found : [];
    this.findings.server = server;
    this.findings.serverPort = port;
    if (ip === undefined) {
      this.#step("udp", false, elapsed(began, steady()), `${server!} has no address`, ADVICE.serverName);
      return null;
    }
    this.findings.serverAddress = ip;
    return { ip, port };
  }

  /** Without placeholders. */
  async #askBare(to: Address): Promise<Probe | null> {
    const began = steady();
    const { answer, octets } = await this.#ask(to, 0);
    const took = (): Seconds => elapsed(began, steady());
    if (answer?.authentication === "ok" && answer.sample !== null) {
      const { sample, answered } = answer;
      this.findings.offset = sample.offset;
      this.findings.delay = sample.delay;
      this.#note({ placeholders: 0, octets, answered: true });
      const detail = `${octets} octets out, ${answered} back; offset ${signedText(sample.offset)}, delay ${durationText(sample.delay)}`;
      this.#step("udp", true, took(), detail);
      return answer;
    }
    if (answer !== null) {
      this.#isRefused = true;
      const detail = answer.authentication === "nak" ? "it answers NTS NAK" : "its answer is no time";
      this.#step("udp", false, took(), detail, ADVICE.refused);
      return null;
    }
    this.#note({ placeholders: 0, octets, answered: false });
    await this.#tellSilence(to, octets, began);
    return null;
  }

  /** Nobody answers under NTS: is it the port, the size, or the key? */
  async #tellSilence(to: Address, octets: number, began: ReturnType<typeof steady>): Promise<void> {
    const shortest = AEADS.at(-1)!;
    const other = this.#others.get(shortest.id);
    const silent = `no answer to ${TRIES} requests of ${octets} octets at ${addressText(to)}`;
    const short = other === undefined ? null : await this.#hands.ask(to, other.keys, other.keys.cookies[0]!, 0);
    const plain = short === null ? await this.#hands.askPlainly(to) : null;
    const took = elapsed(began, steady());
    if (short !== null) {
      const detail = `${silent}, but to ${short.asked} octets under ${shortest.name}`;
      return this.#step("udp", false, took, detail, ADVICE.shorter);
    }
    if (plain !== null)
      return this.#step("udp", false, took, `${silent}, but to ${plain.asked} octets of plain NTP`, ADVICE.sized);
    this.#step("udp", false, took, `${silent}, nor to plain NTP`, ADVICE.blocked);
  }

  /** The dates, by the time that was measured where there is one; else by this host's clock. */
  #judgeCertificates(settled: Settled, answer: Probe | null): void {
    const { connected, secured, chain } = settled.seen;
    if (connected === null || secured === null || chain.length === 0) return;
    const took = secured - connected;
    if (settled.kind === "failed" && ESTABLISH_FAULTS[settled.why].step === "certificate")
      return this.#step("certificate", false, took, establishText(settled.why, settled.detail), adviceFor(settled.why));
    const judged = judgeDates(chain, Date.now() / 1000, answer?.sample?.offset ?? null);
    this.findings.expires = judged.expires;
    this.#step("certificate", judged.ok, took, judged.detail, judged.advice);
  }

  /** As many placeholders as are ever sent, and where those are too many, how many pass. */
  async #trySizes(to: Address): Promise<void> {
    const began = steady();
    const full = COOKIES_IN_HAND - 1;
    let [passes, lost] = [0, full + 1];
    for (let most = full; lost - passes > 1 && !this.#hands.signal.aborted; most = Math.floor((passes + lost) / 2)) {
      const { answer, octets } = await this.#ask(to, most);
      const answered = answer?.authentication === "ok";
      this.#note({ placeholders: most, octets, answered });
      if (answered) passes = most;
      else lost = most;
    }
    const took = elapsed(began, steady());
    const octetsOf = (count: number): number =>
      this.findings.sizes.find(({ placeholders }) => placeholders === count)?.octets ?? 0;
    if (passes === full)
      return this.#step(
        "placeholders",
        true,
        took,
        `${counted(full, "placeholder")}, ${octetsOf(full)} octets each way`,
      );
    const detail = `requests of ${octetsOf(passes)} octets are answered, of ${octetsOf(lost)} not: ${counted(passes, "placeholder")} at most`;
    this.#step("placeholders", false, took, detail, ADVICE.placeholders);
  }

  /** What it says to a cookie that is none of its own. */
  async #tryStrangeCookie(to: Address): Promise<void> {
    const began = steady();
    const strange = await this.#cookie();
    if (strange === null) return;
    const { cookie, keys } = strange;
    const altered = cookie.map((octet, at) => (at >= cookie.length / 2 ? octet ^ 0xff : octet));
    const answer = await this.#hands.ask(to, keys, altered, 0);
    const took = elapsed(began, steady());
    if (answer?.authentication === "nak") return this.#step("nak", true, took, "NTS NAK to a cookie that was altered");
    if (answer === null) return this.#step("nak", true, took, "no answer to a cookie that was altered", ADVICE.nak);
    this.#step(
      "nak",
      false,
      took,
      "it answers a cookie that was altered by something else than NTS NAK",
      adviceFor("record"),
    );
  }

  /** A server keeps no list of cookies, so that who has lost an answer has lost nothing else. */
  async #tryAgain(to: Address): Promise<void> {
    const began = steady();
    const once = await this.#cookie();
    if (once === null) return;
    await this.#hands.ask(to, once.keys, once.cookie, 0);
    const answer = await this.#hands.ask(to, once.keys, once.cookie, 0);
    const detail =
      answer?.authentication === "ok"
        ? "a cookie that was sent before is answered again"
        : "a cookie that was sent before is not answered again";
    this.#step("reuse", true, elapsed(began, steady()), detail);
  }

  /** Asks, once more where nobody answers. */
  async #ask(to: Address, most: number): Promise<{ readonly answer: Probe | null; readonly octets: number }> {
    let octets = 0;
    for (let attempt = 0; attempt < TRIES && !this.#hands.signal.aborted; attempt += 1) {
      const next = await this.#cookie();
      if (next === null) break;
      octets = this.#hands.octetsOf(next.keys, next.cookie, most);
      const answer = await this.#hands.ask(to, next.keys, next.cookie, most);
      if (answer !== null) return { answer, octets };
    }
    return { answer: null, octets };
  }

  /** A cookie that was never sent, with its keys; new ones where they are used up. */
  async #cookie(): Promise<{ readonly keys: EstablishedKeys; readonly cookie: Uint8Array } | null> {
    if (this.#cookies.length === 0) {
      const place = { ip: this.findings.address!, port: this.#patient.port };
      const settled = await this.#hands.shake(this.#patient.name, place, [this.#granted!.grant.aead.id]);
      if (settled?.kind !== "granted") return null;
      this.#granted = settled;
      this.#cookies = settled.keys.cookies.slice();
    }
    return { keys: this.#granted!.keys, cookie: this.#cookies.shift()! };
  }

  #note(size: SizeDocument): void {
    this.findings.sizes = [...this.findings.sizes, size];
  }
}
