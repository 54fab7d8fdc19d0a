/** The fields of `sync` and `query` documents that scenarios look at, as the command-line contract has them. */
export interface Report {
  readonly schema: string;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string | null };
  readonly clock: {
    readonly offset: number | null;
    readonly uncertainty: number | null;
    readonly direction: string | null;
    readonly action: "none" | "step" | "slew" | "refused";
    readonly applied: boolean;
    readonly reason: string | null;
  };
  readonly system: {
    readonly leap: string;
    readonly stratum: number;
    readonly refid: string;
    readonly rootDistance: number | null;
    readonly systemPeer: number | null;
    readonly survivors: number;
    readonly truechimers: number;
    readonly falsetickers: number;
  };
  /** Of a search: packets by why they were not used. */
  readonly refused?: Readonly<Record<string, number>>;
  readonly associations: readonly ReportedAssociation[];
  /** Of `manycast`. */
  readonly rings?: readonly { readonly ttl: number; readonly replies: number }[];
  /** Of `pool`. */
  readonly resolved?: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly warnings?: readonly { readonly code: string; readonly text: string }[];
}

/** One server of a report. */
export interface ReportedAssociation {
  readonly name: string;
  readonly address: string;
  readonly mode: string;
  readonly lifetime: string;
  /** The ring that found it. */
  readonly ttl?: number;
  readonly port: number;
  readonly tally: string;
  readonly verdict: string;
  readonly reason: string | null;
  readonly leap: string;
  readonly stratum: number;
  readonly refid: string;
  readonly offset: number | null;
  readonly delay: number | null;
  readonly rootDistance: number | null;
  readonly authentication: "none" | "ok" | "failed" | "nak";
  readonly security: string;
  readonly keyId: number | null;
  readonly nts?: {
    readonly cookies: number;
    readonly fault: { readonly name: string } | null;
    readonly certified?: string;
  };
  readonly autokey?: { readonly host: string | null; readonly signature: string | null; readonly fault: string | null };
  readonly kiss: string | null;
  readonly timestamps: "kernel" | "user";
  readonly packets: { readonly sent: number; readonly received: number; readonly rejected: number };
}

/** One line of `broadcast --json`; the last line of a failure has no `event`. */
export interface BroadcastEvent {
  readonly event?: string;
  readonly address?: string;
  readonly authentication?: string;
  readonly keyId?: number | null;
  readonly offset?: number | null;
  readonly delay?: number | null;
  readonly reason?: string | null;
}
