/**
 * Names in `restrict` lines: an access list knows addresses, so they are looked up at the start, and again as long as the daemon
 * lives. Until a name has an address its line counts for nobody.
 */
import type { RestrictLine } from "../../config/ntpconf/lines.ts";
import { restrictedNames, type Named } from "../../config/serving.ts";
import type { Event } from "../../engine/port/event.ts";
import { resolve } from "../../host/resolve.ts";
import { placedText } from "../../security/place.ts";
import { RESOLVE_FAULTS } from "../../view/explain.ts";
import type { Log } from "./log.ts";

/** How often names are looked up again, seconds: those that have addresses, and those that have none. */
const AGAIN = { known: 3600, unknown: 64 } as const;

/** What looks names up. */
export type Resolve = (name: string, family: null, put: (event: Event) => void) => void;

/** The names of one daemon's access list. */
export class RestrictedNames {
  readonly #log: Log;
  readonly #onChange: () => void;
  readonly #resolve: Resolve;
  readonly #addresses: Map<string, readonly string[]> = new Map();
  #lines: readonly RestrictLine[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** @param onChange called when a name has other addresses than before */
  constructor(log: Log, onChange: () => void, resolver: Resolve = resolve) {
    this.#log = log;
    this.#onChange = onChange;
    this.#resolve = resolver;
  }

  /** What the names come to now. */
  get addresses(): Named {
    return this.#addresses;
  }

  /** Looks after the names of these lines from now on. */
  follow(lines: readonly RestrictLine[]): void {
    this.stop();
    this.#lines = restrictedNames(lines);
    for (const name of this.#addresses.keys())
      if (!this.#lines.some(({ address }) => address === name)) this.#addresses.delete(name);
    if (this.#lines.length > 0) this.#look();
  }

  /** Looks after none any more. */
  stop(): void {
    this.#lines = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    for (const line of this.#lines) this.#resolve(line.address, null, (event) => this.#take(line, event));
    const isComplete = this.#lines.every(({ address }) => this.#addresses.has(address));
    this.#timer = setTimeout(() => this.#look(), (isComplete ? AGAIN.known : AGAIN.unknown) * 1000).unref();
  }

  #take(line: RestrictLine, event: Event): void {
    if (!this.#lines.includes(line)) return;
    const name = line.address;
    if (event.kind === "unresolved") {
      const consequence = this.#addresses.has(name)
        ? "it counts for the addresses it had"
        : "the line counts for nobody yet";
      this.#log.matter(
        `restrict ${name}`,
        "warning",
        "restrict",
        placedText({ ...line.at, message: `"restrict ${name}": ${RESOLVE_FAULTS[event.why]}; ${consequence}` }),
        { name },
      );
      return;
    }
    if (event.kind !== "resolved") return;
    this.#log.matter(`restrict ${name}`, "warning", "restrict", null);
    const before = this.#addresses.get(name);
    const found = event.addresses.toSorted();
    if (before?.join() === found.join()) return;
    this.#addresses.set(name, found);
    this.#onChange();
  }
}
