/** `ntpkit trace`: from a server to whom it follows, and on, to the primary source (ntptrace). */
import { hopOf, readHop, type Hop } from "../control/hop.ts";
import { addressesOf, askControl, cookie, LOCAL, type AskOptions, type Place } from "../host/ask.ts";
import { probe } from "../host/probe.ts";
import { head, type TraceDocument } from "../view/daemon-document.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { kissWords } from "../view/explain.ts";
import { printable } from "../view/text.ts";
import { kissAction } from "../wire/kiss.ts";
import { askFailure, askOptions, placeOf } from "./asking.ts";
import { ASKING_DEFAULTS } from "./options/defaults.ts";
import { exitCode, failureLine } from "./exit.ts";
import { type Io, sayLine } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";
import { Until } from "./until.ts";

/** The longest way: strata end at 15, but not everybody counts. */
const HOPS = 32;
const NAMING = 2;

/** A hop, and where it was. */
interface Traced {
  readonly host: string;
  readonly address: string;
  readonly name: string;
  readonly hop: Hop;
}

/**
 * Runs `trace`. Every server is asked by mode 6, and where that is refused by NTP, whose header has the reference id.
 * @returns the exit code: that of the first server; further ones that do not answer end the trace
 * @throws UsageError
 */
export async function runTrace(host: string | null, options: OptionsOf<"trace">, io: Io): Promise<number> {
  const until = new Until(io, options.deadline ?? ASKING_DEFAULTS.deadline);
  try {
    const asking = await askOptions(options, until);
    const wordy = options.json !== true && options.quiet !== true;
    const hops: Traced[] = [];
    let end: string | null = null;
    let refused: FailureDocument | null = null;
    for (let place: Place | null = host === null ? LOCAL : placeOf(host); place !== null;) {
      const asked = await ask(place, asking, until);
      if (until.signal.aborted || !("hop" in asked)) {
        const failure = "hop" in asked ? askFailure(place.host, { kind: "unasked", fault: "stopped" }, until) : asked;
        if (hops.length === 0 || until.signal.aborted) return failed(failure, hops, options, io);
        end = failure.message;
        break;
      }
      const traced = {
        ...asked,
        name: options.numeric === true ? asked.host : await nameOf(asked.host, asked.address),
      };
      const seen = hops.some(({ address }) => address === traced.address);
      hops.push(traced);
      if (wordy) io.out.write(hopLine(traced));
      const { kiss } = traced.hop;
      if (kiss !== null) {
        end = `${traced.name}: ${kissWords(kiss)}`;
        if (kissAction(kiss) !== "none") refused = kissFailure(end, kiss);
      }
      if (seen) end = `${traced.address} comes again: the servers follow each other in a loop`;
      const { next } = traced.hop;
      const last = seen || next === null || hops.length >= (options.hops ?? HOPS);
      place = last
        ? null
        : { host: next, name: next, port: hops.length === 1 && next === "127.0.0.1" ? place.port : null };
    }
    if (refused !== null && hops.length === 1) return failed(refused, hops, options, io);
    if (options.json === true) io.out.write(documentText(document(hops, end, null), io.out.isTerminal));
    else if (end !== null && options.quiet !== true) sayLine(io.err, `ntpkit trace: ${printable(end)}`);
    return exitCode("ok");
  } finally {
    until.release();
  }
}

/** It has answered, and wants to be left alone. */
function kissFailure(said: string, code: string): FailureDocument {
  return {
    code: "kiss",
    message: `the server asked us to go away: ${said}`,
    hint: kissAction(code) === "slowDown" ? "wait some minutes" : "ask another server",
  };
}

function failed(failure: FailureDocument, hops: readonly Traced[], options: OptionsOf<"trace">, io: Io): number {
  if (options.json === true) io.out.write(documentText(document(hops, failure.message, failure), io.out.isTerminal));
  io.err.write(failureLine("ntpkit trace", failure));
  return exitCode(failure.code);
}

/** Both ways at once: where a daemon tells nothing, its NTP answer is there already. */
async function ask(place: Place, options: AskOptions, until: Until): Promise<Omit<Traced, "name"> | FailureDocument> {
  const found = await addressesOf(place.name, options);
  if (!Array.isArray(found)) return askFailure(place.host, found, until);
  const [address = place.name] = found;
  const probing = probe({ ip: address, port: place.port ?? 123 }, cookie(), options.timeout, options.signal);
  const asked = await askControl<Hop>({ ...place, name: address }, readHop, options);
  if (asked.kind === "hop") {
    probing.close();
    return { host: place.host, address, hop: asked };
  }
  const answer = await probing.answer;
  return answer === null ? askFailure(place.host, asked, until) : { host: place.host, address, hop: hopOf(answer) };
}

async function nameOf(host: string, address: string): Promise<string> {
  if (host !== address) return host;
  const { namesOfAddresses } = await import("../host/reverse.ts");
  return (await namesOfAddresses([address], NAMING))(address);
}

/** As ntptrace writes it. */
function hopLine({ name, hop: { stratum, offset, distance, refid } }: Traced): string {
  const of = stratum === 1 ? `, refid '${printable(refid)}'` : "";
  return `${printable(name)}: stratum ${stratum}, offset ${figure(offset)}, synch distance ${figure(distance)}${of}\n`;
}

/** What was not told, or failed a packet test, is no figure. */
function figure(seconds: number | null): string {
  return seconds === null ? "unknown" : seconds.toFixed(6);
}

function document(hops: readonly Traced[], end: string | null, failure: FailureDocument | null): TraceDocument {
  const rows = hops.map(
    ({ name, address, hop: { protocol, leap, stratum, refid, offset, delay, distance, next, kiss } }) => ({
      name,
      address,
      protocol,
      leap,
      stratum,
      refid,
      offset,
      delay,
      distance,
      next,
      kiss,
    }),
  );
  return { ...head("trace", failure), hops: rows, primary: hops.at(-1)?.hop.stratum === 1, end };
}
