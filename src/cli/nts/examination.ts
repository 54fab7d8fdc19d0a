/**
 * The doctor's examination: one step after the other, each timed, as far as the ones before it allow. A certificate whose dates are
 * wrong by this host's clock is not taken for the end: with the time that the server tells it may turn out to be the clock.
 *
 * ```text
 *  dns ─► tcp ─► tls ─► alpn ─► records ─► aeads ─► cookies ─► udp ─► certificate ─► placeholders ─► nak ─► reuse
 *  │      └───────── handshake.ts ──────┘                      └─────────────────── questions.ts ────────────────┘
 * ```
 */
import { ESTABLISH_FAULTS } from "../../engine/port/establish.ts";
import { steady } from "../../host/clock.ts";
import type { Settled } from "../../host/ntske.ts";
import type { Probe } from "../../host/probe.ts";
import { AEADS } from "../../security/nts/aead.ts";
import { OFFERED_AEADS } from "../../security/nts/ke.ts";
import { elapsed } from "../../time/mono.ts";
import { establishText, RESOLVE_FAULTS } from "../../view/explain.ts";
import { counted, listed } from "../../view/text.ts";
import type { Address } from "../../wire/address.ts";
import { ADVICE, adviceFor } from "./advice.ts";
import type { Granted, Hands } from "./asking.ts";
import { Chart } from "./chart.ts";
import { judgeDates } from "./dates.ts";
import { tellCut, tellHandshake } from "./handshake.ts";
import { Purse } from "./purse.ts";
import { askBare, tryAgain, trySizes, tryStrangeCookie } from "./questions.ts";

/** Whom to examine. */
export interface Patient {
  /** As it was typed. */
  readonly host: string;
  readonly name: string;
  /** Of key establishment. */
  readonly port: number;
}

/** One examination. */
export class Examination {
  readonly chart: Chart;
  readonly #patient: Patient;
  readonly #hands: Hands;

  constructor(patient: Patient, hands: Hands) {
    this.#patient = patient;
    this.#hands = hands;
    this.chart = new Chart(patient.port, hands.signal);
  }

  /** Examines as far as it goes. */
  async run(): Promise<void> {
    const places = await this.#lookUp();
    const settled = await this.#shakeHands(places);
    if (settled === null) return;
    if (settled.kind === "failed" || this.#hands.signal.aborted) return this.#judgeCertificates(settled, null);
    const others = await this.#tryAeads(settled);
    const to = await this.#serverOf(settled);
    if (to === null) return this.#judgeCertificates(settled, null);
    const { chart } = this;
    const purse = new Purse(this.#hands, this.#patient.name, this.#place, settled);
    const asking = { chart, hands: this.#hands, purse, to, others };
    const answer = await askBare(asking);
    this.#judgeCertificates(settled, answer);
    for (const next of [trySizes, tryStrangeCookie, tryAgain])
      if (answer !== null && !this.#hands.signal.aborted) await next(asking);
  }

  /** Where keys were established. */
  get #place(): Address {
    return { ip: this.chart.findings.address!, port: this.#patient.port };
  }

  async #lookUp(): Promise<readonly string[]> {
    const began = steady();
    const found = await this.#hands.addresses(this.#patient.name);
    const took = elapsed(began, steady());
    if (Array.isArray(found)) {
      this.chart.enter("dns", true, took, listed(found));
      return found;
    }
    const detail = found.fault === "unresolved" ? RESOLVE_FAULTS[found.why] : null;
    this.chart.enter("dns", false, took, detail, ADVICE.dns);
    return [];
  }

  /** With the first address that takes a connection. @returns `null`: none does, there is none, or it was cut off */
  async #shakeHands(places: readonly string[]): Promise<Settled | null> {
    for (const [at, ip] of places.entries()) {
      const place = { ip, port: this.#patient.port };
      const settled = await this.#hands.shake(this.#patient.name, place, OFFERED_AEADS);
      if (settled.kind === "cut") {
        this.chart.findings.address = ip;
        tellCut(this.chart, place, settled.seen);
        return null;
      }
      if (settled.seen.connected === null && at < places.length - 1) continue;
      this.chart.findings.address = ip;
      tellHandshake(this.chart, place, settled);
      return settled.seen.connected === null ? null : settled;
    }
    return null;
  }

  /** One handshake for each AEAD alone. @returns keys by those that were not chosen, by their number */
  async #tryAeads({ grant, keys }: Granted): Promise<ReadonlyMap<number, Granted>> {
    const began = steady();
    const others = new Map<number, Granted>();
    for (const { id } of AEADS) {
      if (this.#hands.signal.aborted) return others;
      const settled = id === grant.aead.id ? null : await this.#hands.shake(this.#patient.name, this.#place, [id]);
      if (settled?.kind === "granted") others.set(id, settled);
    }
    const isTaken = (id: number): boolean => id === grant.aead.id || others.has(id);
    const { chart } = this;
    chart.findings.aeads = AEADS.map(({ id, name }) => ({ name, id, taken: isTaken(id) }));
    const names = (is: boolean): string => listed(AEADS.filter(({ id }) => isTaken(id) === is).map(({ name }) => name));
    const hasMandatory = isTaken(AEADS[0]!.id);
    const detail = `it takes ${names(true)}${AEADS.every(({ id }) => isTaken(id)) ? "" : `; not ${names(false)}`}`;
    chart.enter("aeads", hasMandatory, elapsed(began, steady()), detail, hasMandatory ? null : ADVICE.mandatory);
    const lengths = keys.cookies.map(({ length }) => length);
    chart.findings.cookies = lengths;
    const long = [...new Set(lengths)].map((length) => `${length} octets`);
    chart.enter("cookies", true, 0, `${counted(lengths.length, "cookie")} of ${listed(long)}`);
    return others;
  }

  /** Where the time is asked; `null`: the server that is named has no address. */
  async #serverOf({ grant: { server, port } }: Granted): Promise<Address | null> {
    const began = steady();
    const { findings } = this.chart;
    const found = server === null ? [findings.address!] : await this.#hands.addresses(server);
    const [ip] = Array.isArray(found) ? found : [];
    findings.server = server;
    findings.serverPort = port;
    if (ip === undefined) {
      const took = elapsed(began, steady());
      this.chart.enter("udp", false, took, `${server!} has no address`, ADVICE.serverName, "resolve");
      return null;
    }
    findings.serverAddress = ip;
    return { ip, port };
  }

  /** The dates, by the time that was measured where there is one; else by this host's clock. */
  #judgeCertificates(settled: Settled, answer: Probe | null): void {
    const { connected, secured, chain } = settled.seen;
    if (connected === null || secured === null || chain.length === 0) return;
    const took = secured - connected;
    if (settled.kind === "failed" && ESTABLISH_FAULTS[settled.why].step === "certificate") {
      const text = establishText(settled.why, settled.detail);
      return this.chart.enter("certificate", false, took, text, adviceFor(settled.why));
    }
    const judged = judgeDates(chain, Date.now() / 1000, answer?.sample?.offset ?? null);
    this.chart.findings.expires = judged.expires;
    this.chart.enter("certificate", judged.ok, took, judged.detail, judged.advice);
  }
}
