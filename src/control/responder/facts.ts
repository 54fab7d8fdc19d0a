/** What the responder is told once, by whoever runs the engine: build, keys, and what only the machine knows. */
import type { Keyring } from "../../security/keyring.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { HostFacts } from "../../security/autokey/credentials.ts";

/** What runs here, for the variables of these names. */
export interface BuildFacts {
  /** e.g. `ntpkit 1.0.0` */
  readonly version: string;
  /** e.g. `x86_64` */
  readonly processor: string;
  /** e.g. `Linux/6.1.0` */
  readonly system: string;
}

/** What the kernel says of its clock (`ntp_adjtime(2)`). */
export interface KernelReport {
  readonly offset: Seconds;
  readonly frequency: Frequency;
  readonly maximumError: Seconds;
  readonly estimatedError: Seconds;
  /** `pll unsync nano …` */
  readonly flags: readonly string[];
  readonly timeConstant: number;
  readonly precision: Seconds;
  readonly frequencyTolerance: Frequency;
}

/** A variable of the configuration's own (`setvar`). */
export interface UserVariable {
  readonly name: string;
  readonly value: string;
  /** Told to whoever asks for no variable by name. */
  readonly isDefault: boolean;
}

/** What answering clients under NTS has come to. */
export interface NtsFacts {
  /** Requests that were authentic, and that were not. */
  readonly received: number;
  readonly refused: number;
  readonly sent: number;
  readonly cookiesMade: number;
  /** Cookies opened, by how many master keys were drawn after theirs; the last entry has all older ones. */
  readonly cookiesOpened: readonly [number, number, number, number];
  readonly cookiesTooOld: number;
  readonly cookiesWrong: number;
  /** Handshakes that gave keys, that ended without TLS, and that gave none for another reason. */
  readonly handshakes: { readonly good: number; readonly withoutTls: number; readonly bad: number };
}

/** What this host has for Autokey. */
export type AutokeyFacts = HostFacts;

/** What the responder is told once. */
export interface ResponderFacts {
  readonly build: BuildFacts;
  /** `null`: nothing can be authenticated. */
  readonly keys: Keyring | null;
  /** The key that opens what not everybody may ask (`controlkey`); `null`: nobody may. */
  readonly controlKey: number | null;
  /** Unpredictable, of 16 octets or more; nonces are made with it. */
  readonly secret: Uint8Array;
  readonly variables?: readonly UserVariable[];
  /** Takes lines of configuration from whoever has the control key, and says what became of them. Absent: none are taken. */
  readonly configure?: (lines: string) => string;
  /** Asked whenever somebody asks; absent, or `null`: unknown. */
  readonly kernel?: () => KernelReport | null;
  /** The same; `null`: nobody is answered under NTS. */
  readonly nts?: () => NtsFacts | null;
  /** The same; `null`: Autokey is not spoken. */
  readonly autokey?: () => AutokeyFacts | null;
}
