/**
 * The map of a simulated network: LANs, and the routers between them. A LAN is a broadcast domain; each router on the way
 * takes one from a packet's hop limit and adds a delay.
 */
import type { Seconds } from "../time/seconds.ts";

/** A way from one LAN to another. */
export interface Route {
  /** Routers on the way; 0 within a LAN. */
  readonly hops: number;
  /** What the routers' links take, one way, seconds. */
  readonly delay: Seconds;
}

/** A pair of LANs that are joined, and how. */
export interface RouterOptions {
  /** Routers between the two, ≥ 1. Default 1. */
  readonly hops?: number;
  /** One way, seconds. Default 0. */
  readonly delay?: Seconds;
  /** Whether multicast passes. Default true. */
  readonly multicast?: boolean;
}

interface Edge extends Route {
  readonly to: string;
  readonly multicast: boolean;
}

const HERE: Route = { hops: 0, delay: 0 };

/** Every LAN and router. */
export class Routes {
  readonly #edges = new Map<string, Edge[]>();
  readonly #found = new Map<string, Route | null>();

  /** Puts routers between two LANs. */
  join(one: string, other: string, options: RouterOptions = {}): void {
    const edge = { hops: options.hops ?? 1, delay: options.delay ?? 0, multicast: options.multicast ?? true };
    if (edge.hops < 1) throw new RangeError("two LANs are at least one router apart");
    this.#edgesOf(one).push({ ...edge, to: other });
    this.#edgesOf(other).push({ ...edge, to: one });
    this.#found.clear();
  }

  /**
   * The way with the fewest hops.
   * @param cast multicast goes only over routers that pass it
   * @returns `null` when there is none
   */
  find(from: string, to: string, cast: "unicast" | "multicast"): Route | null {
    if (from === to) return HERE;
    const key = `${cast} ${from}\n${to}`;
    let route = this.#found.get(key);
    if (route === undefined) {
      route = this.#search(from, to, cast === "multicast");
      this.#found.set(key, route);
    }
    return route;
  }

  /** Dijkstra's search by hops; the maps of tests are small. */
  #search(from: string, to: string, multicast: boolean): Route | null {
    const reached = new Map<string, Route>([[from, HERE]]);
    const done = new Set<string>();
    for (;;) {
      const [lan, route] = nearest(reached, done) ?? [null, HERE];
      if (lan === null) return null;
      if (lan === to) return route;
      done.add(lan);
      for (const edge of this.#edgesOf(lan)) {
        if (multicast && !edge.multicast) continue;
        const hops = route.hops + edge.hops;
        if (hops < (reached.get(edge.to)?.hops ?? Infinity))
          reached.set(edge.to, { hops, delay: route.delay + edge.delay });
      }
    }
  }

  #edgesOf(lan: string): Edge[] {
    const edges = this.#edges.get(lan) ?? [];
    this.#edges.set(lan, edges);
    return edges;
  }
}

function nearest(reached: ReadonlyMap<string, Route>, done: ReadonlySet<string>): readonly [string, Route] | null {
  let best: readonly [string, Route] | null = null;
  for (const entry of reached) {
    if (!done.has(entry[0]) && entry[1].hops < (best?.[1].hops ?? Infinity)) best = entry;
  }
  return best;
}
