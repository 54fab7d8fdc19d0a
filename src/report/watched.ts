/** What a run that goes on has measured, gathered for a report as if it had been written down. */
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import type { Seconds } from "../time/seconds.ts";
import { errorBound } from "../view/table.ts";
import { fullName } from "../view/servername.ts";
import { Collection } from "./collection.ts";
import type { Followed } from "./lines.ts";

/** A run that is watched. */
export class Watched {
  readonly all: Collection = new Collection();
  /** Packets that each server had been heard by: what is told again was not measured again. */
  readonly #heard: Map<number, number> = new Map();

  /**
   * Takes what is known now.
   * @param at seconds since 1970
   */
  take({ associations, clock }: Snapshot, at: Seconds): void {
    const fresh = associations.filter(({ id, packets }) => packets.received > (this.#heard.get(Number(id)) ?? 0));
    for (const server of fresh) {
      this.#heard.set(Number(server.id), server.packets.received);
      this.#takeServer(server, at);
    }
    if (fresh.length > 0 && clock.offset !== null)
      this.all.take({ kind: "clock", at, offset: clock.offset, frequency: null, jitter: clock.jitter });
  }

  #takeServer(server: AssociationReport, at: Seconds): void {
    const { offset, delay, verdict } = server;
    if (offset === null) return;
    const bound = errorBound(server);
    // The report's intervals are half of the delay and the dispersion: the rest of what the table's ± says.
    const dispersion = bound === null || delay === null ? null : Math.max(0, bound - delay / 2);
    this.all.take({
      kind: "server",
      at,
      server: fullName(server),
      offset,
      delay,
      dispersion,
      verdict: FOLLOWED[verdict],
    });
  }
}

const FOLLOWED: Readonly<Record<AssociationReport["verdict"], Followed>> = {
  systemPeer: "followed",
  survivor: "followed",
  outlier: "good",
  excess: "good",
  backup: "good",
  falseticker: "refused",
  rejected: "refused",
};
