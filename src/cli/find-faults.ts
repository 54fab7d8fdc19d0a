/** What makes a run that finds servers pointless, gathered from what the engine notes: it ends such a run, and explains it. */
import { DISCOVERY_DEFAULTS } from "../config/discovery.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { HostFault } from "../engine/port/event.ts";
import type { Note } from "../engine/port/note.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import { isAlone } from "../host/interfaces.ts";
import { lackingCapability } from "../host/privilege.ts";
import type { FindingContext } from "../view/finding-failure.ts";
import type { FindingOptions } from "./find.ts";
import type { PreparedFinding } from "./prepare-finding.ts";

type Faults = Pick<FindingContext, "notListening" | "notJoined" | "notSent">;

/** What went wrong in a run. */
export class FindingFaults {
  readonly #config: EngineConfig;
  readonly #groups: readonly string[];
  readonly #options: FindingOptions;
  readonly #unasked: Set<string> = new Set();
  readonly #faults: { -readonly [K in keyof Faults]: Faults[K] } = {
    notListening: null,
    notJoined: null,
    notSent: null,
  };

  constructor({ config, groups }: PreparedFinding, options: FindingOptions) {
    this.#config = config;
    this.#groups = groups;
    this.#options = options;
  }

  /** Heeds a note; returns how it ends the run, `null`: not at all. */
  heed(note: Note): Outcome | null {
    if (note.what === "notSent" && this.#groups.includes(note.to.ip)) return this.#heedNotSent(note.to.ip, note.why);
    if (note.what !== "notListening" || note.late === true) return null;
    // With --follow there may be an interface for it later.
    if (this.#options.follow === true && note.why === "noMulticast") return null;
    return note.group === undefined ? this.#heedSocket(note.why) : this.#heedGroup(note.group, note.why);
  }

  /** What the words of a failure need to know. */
  context(outcome: Outcome): FindingContext {
    const { associations, service, once, interface: name } = this.#config;
    return {
      ...this.#faults,
      groups: this.#groups,
      ttl: associations[0]?.ttl ?? DISCOVERY_DEFAULTS.ttl,
      key: associations[0]?.key ?? null,
      port: service?.port ?? associations[0]?.port ?? 123,
      deadline: once?.deadline ?? null,
      interface: name,
      alone: isAlone(),
      nts: this.#options.nts === true,
      autokey: this.#options.autokey !== undefined,
      lacking: outcome === "permission" ? lackingCapability("port") : null,
    };
  }

  /** A group that cannot be asked will not be heard of; without any other there is nothing to wait for. */
  #heedNotSent(ip: string, why: HostFault): Outcome | null {
    this.#faults.notSent ??= { ip, why };
    this.#unasked.add(ip);
    return this.#unasked.size === this.#groups.length && this.#options.follow !== true ? "no-reply" : null;
  }

  /** Of the groups assigned to NTP those of one family will do; what was named is wanted. */
  #heedGroup(group: string, why: HostFault): Outcome | null {
    this.#faults.notJoined ??= { group, why };
    if (why === "noAddress") this.#faults.notListening ??= why;
    if (this.#options.multicast === true) return null;
    return why === "noAddress" ? "usage" : "no-reply";
  }

  #heedSocket(why: HostFault): Outcome | null {
    if (why === "noRoute") return null;
    this.#faults.notListening ??= why;
    return why === "noAddress" ? "usage" : null;
  }
}
