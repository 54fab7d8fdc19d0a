/** What each function of the library takes. Durations are seconds; what is left out has the default of the command's option. */

/** An AbortSignal: the platform's where a program's types know of one (Node's, or the DOM's), else what is used of it here. */
export type Signal = typeof globalThis extends { readonly AbortSignal: { readonly prototype: infer Platform } }
  ? Platform
  : {
      readonly aborted: boolean;
      readonly reason: unknown;
      throwIfAborted(): void;
      addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
      removeEventListener(type: "abort", listener: () => void): void;
    };

/** Every function can be ended early; what it gives then says `interrupted`. */
export interface CommonSettings {
  readonly signal?: Signal;
}

/** How servers are reached and asked. */
interface ReachSettings extends CommonSettings {
  readonly family?: 4 | 6;
  /** Of servers that name none, 1 … 65535. */
  readonly port?: number;
  readonly interface?: string;
  /** A symmetric key for servers that name none; of the file `keys`. */
  readonly key?: number;
  readonly keys?: string;
  readonly keysFormat?: "auto" | "ntp" | "chrony";
}

/** How whoever is found proves who he is under Network Time Security. */
interface FoundNtsSettings {
  /** Follow only who has proved it. */
  readonly nts?: boolean;
  /** What his certificate must be for; absent: his address. */
  readonly ntsName?: string;
  readonly ca?: string;
  readonly pin?: string;
}

/** Which servers are believed. */
interface SelectionSettings {
  readonly minclock?: number;
  readonly maxclock?: number;
  readonly minsane?: number;
  readonly maxdist?: number;
  readonly floor?: number;
  readonly ceiling?: number;
}

/** How servers are asked that are named. */
export interface ServerSettings extends ReachSettings, SelectionSettings {
  readonly sourcePort?: number;
  /** Ask under Network Time Security. */
  readonly nts?: boolean;
  /** A file of certificates, PEM, that are trusted besides the system's. */
  readonly ca?: string;
  /** Under NTS accept no certificate but the one of this SHA-256, its own or its public key's. */
  readonly pin?: string;
  /** A configuration file in ntp.conf syntax. */
  readonly config?: string;
  /** Ask servers again that sent us away in earlier runs. */
  readonly forget?: boolean;
  readonly samples?: number;
  readonly interval?: number;
  readonly timeout?: number;
  /** `Infinity`: none. */
  readonly deadline?: number;
  readonly waitNetwork?: number;
}

/** What `pool` takes. */
export interface PoolSettings extends ServerSettings {
  /** Go on: a document whenever the set has changed. */
  readonly follow?: boolean;
}

/** What `manycast` takes. */
export interface ManycastSettings extends ReachSettings, FoundNtsSettings, SelectionSettings {
  /** Hops of the last ring, 1 … 255. */
  readonly ttl?: number;
  readonly interval?: number;
  /** Ask all rings, however many servers were found. */
  readonly all?: boolean;
  readonly follow?: boolean;
  readonly cohort?: boolean;
  /** The keys that are believed, as `1,2,10...19`. */
  readonly trusted?: string;
  /** `false`: believe servers without a key, too. */
  readonly auth?: boolean;
  readonly samples?: number;
  readonly timeout?: number;
  readonly deadline?: number;
}

/** What `broadcast` takes. */
export interface BroadcastSettings extends Omit<ReachSettings, "key">, FoundNtsSettings, SelectionSettings {
  /** The groups assigned to NTP, too. */
  readonly multicast?: boolean;
  /** End after so many broadcasts were used. */
  readonly count?: number;
  readonly deadline?: number;
  /** The time that broadcasts travel; no volley is sent then. */
  readonly broadcastDelay?: number;
  readonly trusted?: string;
  readonly auth?: boolean;
  readonly samples?: number;
  readonly interval?: number;
  readonly timeout?: number;
}

/** How daemons are asked. */
interface AskingSettings extends CommonSettings {
  readonly family?: 4 | 6;
  readonly timeout?: number;
  readonly deadline?: number;
  /** The daemon's control key, of the file `keys`. */
  readonly keys?: string;
  readonly keysFormat?: "auto" | "ntp" | "chrony";
  readonly key?: number;
}

/** What `peers` takes. */
export interface PeersSettings extends AskingSettings {
  /** What selection makes of what the daemon tells, server by server. */
  readonly explain?: boolean;
  /** Whose servers are asked where no daemon runs here. */
  readonly config?: string;
}

/** What `trace` takes. */
export interface TraceSettings extends AskingSettings {
  /** Look up no names. */
  readonly numeric?: boolean;
  /** Go so far at most, 1 … 255. */
  readonly hops?: number;
}

/** What `check` takes: ranges are text as monitoring plugins have it, e.g. `"10"`, `"10:"`, `"~:100ms"`. */
export interface CheckSettings extends ServerSettings {
  readonly warning?: string;
  readonly critical?: string;
  /** Two ranges, as the four that follow: `"WARNING,CRITICAL"`. */
  readonly jitter?: string;
  readonly stratum?: string;
  readonly truechimers?: string;
  readonly falsetickers?: string;
  readonly rootdistance?: string;
  readonly leap?: boolean;
  /** Two ranges of the days that the certificates of key establishment last. */
  readonly certificate?: string;
  /** Ask the daemon there, and no servers. */
  readonly daemon?: string;
  readonly accuracy?: number;
  readonly callDelay?: number;
}

/** What `decode` takes. */
export interface DecodeSettings extends CommonSettings {
  /** Only packets with which something is the matter. */
  readonly bad?: boolean;
  /** Only packets from or to these addresses or networks. */
  readonly host?: readonly string[];
  readonly mode?: "client" | "server" | "broadcast" | "symmetricActive" | "symmetricPassive" | "control" | "private";
  readonly port?: number;
  readonly keys?: string;
  readonly keysFormat?: "auto" | "ntp" | "chrony";
  /** Check MACs of Autokey by the keys in this folder. */
  readonly autokey?: string;
  /** A file with their password; absent: the host's name. */
  readonly autokeyPassword?: string;
}

/** What `simulate` takes. */
export interface SimulateSettings {
  /** Instead of a world: a host with this configuration, in ntp.conf syntax. */
  readonly config?: string;
  /** What its network is like. */
  readonly network?: "lan" | "wan" | "jittery";
  readonly seed?: string;
  readonly runs?: number;
  /** Simulate so many seconds. */
  readonly for?: number;
}

/** What `openClock` takes. */
export interface ClockSettings extends ServerSettings {
  /** For a machine whose clock was never set: judge certificates by the time that servers agree on, not by that clock. */
  readonly ntsBootstrap?: boolean;
  /**
   * Wait until the clock is synchronized, at most `deadline` seconds (15); default. `false`: open it at once, and `now()` throws
   * until it is.
   */
  readonly wait?: boolean;
}
