/** What a handshake has shown, as steps of the examination; of one that was cut off, those that were over by then. */
import { ESTABLISH_FAULTS } from "../../engine/port/establish.ts";
import type { Seen, Settled } from "../../host/ntske.ts";
import type { Seconds } from "../../time/seconds.ts";
import { establishText } from "../../view/explain.ts";
import type { NtsStep } from "../../view/nts-document.ts";
import { addressText, type Address } from "../../wire/address.ts";
import { adviceFor } from "./advice.ts";
import type { Granted } from "./asking.ts";
import type { Chart } from "./chart.ts";

/** Enters what a handshake that is over came to. */
export function tellHandshake(chart: Chart, place: Address, settled: Settled): void {
  const { connected, secured, ended, protocol, alpn } = settled.seen;
  const fault = settled.kind === "failed" ? settled : null;
  const step = fault === null ? null : ESTABLISH_FAULTS[fault.why].step;
  const fails = (name: NtsStep, took: Seconds): void =>
    chart.enter(name, false, took, establishText(fault!.why, fault!.detail), adviceFor(fault!.why));
  if (connected === null) return fails("tcp", ended);
  chart.enter("tcp", true, connected, addressText(place));
  if (secured === null && step !== "alpn") return fails("tls", ended - connected);
  chart.enter("tls", true, (secured ?? ended) - connected, protocol);
  findSecured(chart, settled.seen);
  if (alpn !== "ntske/1") return chart.enter("alpn", false, 0, establishText("alpn", null), adviceFor("alpn"));
  chart.enter("alpn", true, 0, alpn);
  const took = ended - (secured ?? ended);
  if (step === "certificate") return;
  if (fault !== null) return fails(fault.why === "cookies" ? "cookies" : "records", took);
  const { grant } = settled as Granted;
  const detail = `${grant.aead.name}, for ${grant.server ?? "the same address"}, UDP port ${grant.port}`;
  chart.enter("records", true, took, detail);
}

/** Enters what was over of a handshake that was cut off. */
export function tellCut(chart: Chart, place: Address, seen: Seen): void {
  const { connected, secured, protocol, alpn } = seen;
  const over = (name: NtsStep, elapsed: Seconds, detail: string | null): void =>
    chart.done({ name, ok: true, elapsed, detail, advice: null });
  if (connected === null) return;
  over("tcp", connected, addressText(place));
  if (secured === null) return;
  over("tls", secured - connected, protocol);
  if (alpn === "ntske/1") over("alpn", 0, alpn);
  findSecured(chart, seen);
}

function findSecured({ findings }: Chart, { protocol, chain }: Seen): void {
  findings.tls = protocol;
  findings.certificates = chain.map(({ subject, issuer, from, until, fingerprint }) => ({
    subject,
    issuer,
    from,
    until,
    fingerprint,
  }));
}
