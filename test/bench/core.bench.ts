/**
 * The core's own speed, in process: decoding, the engine, selection, the simulator. CPU time, best of several rounds after a
 * warm-up, on whatever else the machine is doing.
 */
import { headerFault } from "../../src/association/tests.ts";
import type { AssociationId } from "../../src/association/association.ts";
import type { Candidate } from "../../src/system/candidate.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import { selectSystem } from "../../src/system/selection.ts";
import { shift } from "../../src/time/timestamp.ts";
import { encodeHeader } from "../../src/wire/header.ts";
import { decodePacket } from "../../src/wire/packet.ts";
import { answerTo, at, requestAt } from "../support/association.ts";
import { Bench, queryConfig } from "../support/engine.ts";
import { row } from "./answers.ts";

const ROUNDS = 5;
/** Where the timestamps are in a packet. */
const [REFERENCE, ORIGIN, RECEIVE, TRANSMIT] = [16, 24, 32, 40] as const;

decoding(500_000);
engine(10, 300_000);
for (const n of [10, 100, 1000, 10_000, 20_000]) selection(n);

/** Decode a plain packet and put it through the header tests. */
function decoding(packets: number): void {
  const bytes = encodeHeader(answerTo(requestAt(0)).header);
  let good = 0;
  const seconds = best(() => {
    for (let packet = 0; packet < packets; packet++) {
      const decoded = decodePacket(bytes);
      if (decoded.kind === "packet" && headerFault(decoded.header) === null) good += 1;
    }
  });
  if (good === 0) throw new Error("no packet was good");
  row("decode and validate", packets / seconds, "packets/s");
}

/** A daemon's life: wakes, kernel stamps and replies of several servers with jitter, each fresh sample selected from. */
function engine(servers: number, events: number): void {
  const lines = Array.from({ length: servers }, (_, index) => ({
    name: `192.0.2.${index + 1}`,
    minpoll: 4,
    maxpoll: 4,
    iburst: false,
  }));
  const bench = new Bench({ ...queryConfig(lines), once: null, emptyStages: "rfc5905" });
  bench.at(0, { kind: "start" });
  for (const { name } of lines) bench.at(0, { kind: "resolved", name, addresses: [name] });
  const answer = encodeHeader(answerTo(requestAt(0)).header);
  let noise = 1;
  const seconds = best(() => {
    for (let done = 0; done < events;) {
      const due = bench.engine.wakeAt!;
      const now = at(due);
      const actions = bench.engine.handle({ kind: "wake" }, now);
      done += 1;
      for (const action of actions) {
        if (action.kind !== "ask") continue;
        bench.engine.handle({ kind: "sent", token: action.token, at: now.clock, stamp: "kernel" }, now);
        noise = (noise * 48_271) % 2_147_483_647;
        const delay = 0.005 + 0.005 * (noise / 2_147_483_647);
        const receive = shift(now.clock, delay);
        const reply = answer.slice();
        const words = new DataView(reply.buffer);
        words.setBigUint64(REFERENCE, receive);
        words.setBigUint64(ORIGIN, new DataView(action.bytes.buffer).getBigUint64(TRANSMIT));
        words.setBigUint64(RECEIVE, receive);
        words.setBigUint64(TRANSMIT, receive);
        const then = at(due + delay + 0.005);
        bench.engine.handle(
          {
            kind: "datagram",
            socket: action.token,
            from: action.to,
            cast: "unicast",
            at: then.clock,
            stamp: "kernel",
            bytes: reply,
          },
          then,
        );
        done += 2;
      }
    }
  });
  if (bench.snapshot.system.systemPeer === null) throw new Error("the engine found no system peer");
  row(`engine, ${servers} associations`, events / seconds, "events/s");
}

/** Selection of n candidates that mostly agree, in fresh order each time. */
function selection(n: number): void {
  const times: number[] = [];
  for (let round = 0; round < 40; round++) {
    const candidates = Array.from({ length: n }, (_, index): Candidate => {
      const offset = Math.sin(index * 12.9898 + round) * 0.01;
      const rootDistance = 0.011 + 0.02 * Math.abs(Math.cos(index * 78.233 + round));
      return {
        id: (index + 1) as AssociationId,
        stratum: 1 + (index % 3),
        offset,
        delay: 0.01,
        jitter: 0.001,
        rootDistance,
        prefer: false,
        trusted: false,
      };
    });
    const started = performance.now();
    const { systemPeer } = selectSystem(candidates, DEFAULT_LIMITS, null);
    times.push(performance.now() - started);
    if (systemPeer === null) throw new Error("no system peer");
  }
  times.sort((a, b) => a - b);
  row(`select from ${n}`, times[times.length >> 1]!, "ms (median of 40)");
}

function best(work: () => void): number {
  work();
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}
