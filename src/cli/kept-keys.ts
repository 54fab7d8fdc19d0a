/**
 * Keys of Network Time Security from run to run: those in the state file are taken before anybody is asked for new ones, and what a run
 * has left of its own, cookies that it never sent, is put there when it is over.
 */
import { literalFamily } from "../config/literal.ts";
import type { Establish, EstablishKeys } from "../host/establish.ts";
import type { EstablishedKeys } from "../security/security.ts";
import type { Event } from "../engine/port/event.ts";
import type { StateFile, StateWarning } from "../state/file.ts";
import type { KeptKeys as Kept } from "../state/keys.ts";
import { family } from "../wire/address.ts";

/** What is known of keys besides: by whom they were given, and when. */
type Origin = Omit<Kept, "aead" | "c2s" | "s2c" | "cookies" | "at">;

/** One run's keys in the state file. */
export class KeptKeys {
  readonly #state: StateFile;
  readonly #trust: () => string;
  /** Unix milliseconds, and seconds of a clock that nobody sets. */
  readonly #clock: () => number;
  readonly #steady: () => number;
  readonly #origins = new Map<string, { readonly origin: Origin; readonly since: number }>();

  /** @param trust names whom the run trusts: keys that others have vouched for are none of it */
  constructor(
    state: StateFile,
    trust: () => string,
    clock: () => number = Date.now,
    steady: () => number = () => process.uptime(),
  ) {
    this.#state = state;
    this.#trust = trust;
    this.#clock = clock;
    this.#steady = steady;
  }

  /** Has keys established as before, but for those that are there. */
  before(establish: EstablishKeys): EstablishKeys {
    return (action, abandoned, put) => {
      const found = action.kept ? this.#take(action) : null;
      if (found !== null) return put(found);
      establish(action, abandoned, (event) => {
        if (event.kind === "established") this.#heed(action, event);
        put(event);
      });
    };
  }

  /** Puts into the file what a run that is over has left. @returns what went wrong, or `null` */
  keep(left: readonly EstablishedKeys[]): StateWarning | null {
    const kept = left.flatMap((keys): Kept[] => {
      const known = this.#origins.get(base64(keys.c2s));
      if (known === undefined) return [];
      const at = new Date(this.#clock() - (this.#steady() - known.since) * 1000).toISOString();
      const [c2s, s2c] = [base64(keys.c2s), base64(keys.s2c)];
      return [{ ...known.origin, aead: keys.aead, c2s, s2c, cookies: keys.cookies.map(base64), at }];
    });
    return this.#state.keepKeys(kept, this.#clock());
  }

  #take({ token, name, with: { ip, port } }: Establish): Event | null {
    const kept = this.#state.takeKeys({ name, port, trust: this.#trust() }, this.#clock());
    if (kept === null) return null;
    // The address of then is asked: another of the same name may know nothing of its cookies.
    const server = kept.server ?? (kept.ip === ip ? null : kept.ip);
    const servers = server === null ? 0 : literalFamily(server);
    if (servers !== 0 && servers !== family(ip)) return null;
    const age = (this.#clock() - Date.parse(kept.at)) / 1000;
    const { aead, c2s, s2c, cookies, at: _at, ...origin } = kept;
    this.#origins.set(c2s, { origin, since: this.#steady() - age });
    const keys = { aead, c2s: octets(c2s), s2c: octets(s2c), cookies: cookies.map(octets) };
    return { kind: "established", token, keys, server, port: kept.ntpPort, until: kept.until, kept: age };
  }

  #heed(
    { name, with: { ip, port } }: Establish,
    { keys, server, port: ntpPort, until = null }: Extract<Event, { readonly kind: "established" }>,
  ): void {
    for (const [of, { origin }] of this.#origins)
      if (origin.name === name && origin.port === port) this.#origins.delete(of);
    const origin = { name, port, trust: this.#trust(), ip, server, ntpPort, until };
    this.#origins.set(base64(keys.c2s), { origin, since: this.#steady() });
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function octets(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "base64"));
}
