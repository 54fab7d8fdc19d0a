/** A daemon that tells by mode 6 what a test has it say, and ones that answer as no daemon should. */
import { decodeControl, encodeControl, type Control } from "../../src/wire/control.ts";
import type { Daemon } from "../control/replay.ts";

/** What it says. */
export interface Told {
  /** The system's variables as text: `leap=0, stratum=2`. */
  readonly system: string;
  /** The system's status word. */
  readonly status?: number;
  /** Associations by number: the status word, and the variables. */
  readonly peers?: Readonly<Record<number, readonly [status: number, variables: string]>>;
}

/** The octets of data in a fragment. */
const FRAGMENT = 468;

/** That daemon: every question for variables has all of them for its answer, in as many fragments as it takes. */
export function tellingDaemon({ system, status = 0x0615, peers = {} }: Told): Daemon {
  return questioned((question) => {
    if (question.operation === 1 && question.association === 0) return fragments(question, listed(peers), status);
    const [word, text] = question.association === 0 ? [status, system] : (peers[question.association] ?? [0, ""]);
    return fragments(question, Buffer.from(text), word);
  });
}

/** A daemon that takes questions of mode 6 and hears everything else as silence. */
export function questioned(answer: (question: Control) => readonly Uint8Array[]): Daemon {
  return (bytes) => {
    if ((bytes[0]! & 7) !== 6 || bytes[0]! >> 3 === 0 || bytes.length < 12) return [];
    const question = decodeControl(bytes);
    return question.kind === "control" ? answer(question) : [];
  };
}

/** An answer, cut. */
export function fragments(question: Control, data: Uint8Array, status = 0x0615): Uint8Array[] {
  const count = Math.max(1, Math.ceil(data.length / FRAGMENT));
  return Array.from({ length: count }, (_, index) =>
    encodeControl({
      ...question,
      response: true,
      more: index + 1 < count,
      status,
      offset: index * FRAGMENT,
      data: data.subarray(index * FRAGMENT, (index + 1) * FRAGMENT),
    }),
  );
}

function listed(peers: NonNullable<Told["peers"]>): Uint8Array {
  const rows = Object.entries(peers);
  const data = new Uint8Array(rows.length * 4);
  const view = new DataView(data.buffer);
  rows.forEach(([id, [status]], index) => {
    view.setUint16(index * 4, Number(id));
    view.setUint16(index * 4 + 2, status);
  });
  return data;
}

const noise = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 7919 + 13) & 0xff);

/** Answers that are none, each as a daemon gives it to every question. */
export const BAD_ANSWERS: Readonly<Record<string, Daemon>> = {
  garbage: questioned(() => [noise(3), noise(500), new Uint8Array(1400).fill(0xff), new Uint8Array(48)]),
  "garbled data": questioned((question) => fragments(question, noise(400))),
  "a fragment and no more": questioned((question) => fragments(question, Buffer.from("a=1, ".repeat(200))).slice(0, 1)),
  "half a fragment": questioned((question) =>
    fragments(question, Buffer.from("leap=0, stratum=2, refid=10.0.0.1")).map((bytes) => bytes.subarray(0, 20)),
  ),
  "another's sequence": questioned((question) =>
    fragments({ ...question, sequence: (question.sequence + 1) & 0xffff }, Buffer.from("leap=0, stratum=2")),
  ),
  "a variable of 60 kB": questioned((question) =>
    fragments(question, Buffer.from(`version="${"\u001b[31mA".repeat(10_000)}", leap=0`)),
  ),
  "fragments without end": questioned((question) =>
    Array.from({ length: 300 }, (_, index) =>
      encodeControl({
        ...question,
        response: true,
        more: true,
        status: 0,
        offset: (index * 468) & 0xffff,
        data: noise(468),
      }),
    ),
  ),
  "numbers beyond measure": questioned((question) =>
    fragments(
      question,
      Buffer.from(
        "leap=9e99, stratum=1e400, refid=, rootdelay=1e308, rootdisp=-1e308, offset=1e308, delay=-1e308, jitter=nan, reach=99999999999, hpoll=1e9, ppoll=-1e9, rec=0xffffffffffffffffffff.0, flash=0xffffffffff, addr.0=x, last.0=y, srcadr=999.1.1.1",
      ),
    ),
  ),
  errors: questioned((question) => [
    encodeControl({ ...question, response: true, error: true, status: 0xff00, data: new Uint8Array(0) }),
  ]),
  nothing: () => [],
};
