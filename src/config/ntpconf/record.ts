/** What a configuration file comes to, as one record with every default filled in. */
import type { KeyFormat } from "../../security/keyfile.ts";
import type { KeyIdRange } from "../../security/keyids.ts";
import type { ListenRule } from "../../engine/port/config.ts";
import type { SelectionLimits } from "../../system/limits.ts";
import type { Seconds } from "../../time/seconds.ts";
import type { Place } from "../usage.ts";
import type { AssociationLine, LocalClockLine, RestrictLine, ServerLine } from "./lines.ts";
import type { Remark } from "./parse.ts";
import type { Standard } from "./syntax.ts";

/** The rate limit of `discard`. */
export interface DiscardLimits {
  /** log₂ s, the average headway of a client. */
  readonly average: number;
  /** The least headway, seconds. */
  readonly minimum: number;
  /** Seconds after which the MRU list may forget a client. */
  readonly monitor: number;
}

/** `tos`, but for the limits of selection. */
export interface DiscoverySettings {
  readonly cohort: boolean;
  /** The stratum of an orphan parent, 1 … 15; `null`: off. */
  readonly orphan: number | null;
  readonly orphanwait: Seconds;
  readonly beacon: Seconds;
}

/** `enable` and `disable`. */
export interface Switches {
  /** What the network mobilizes must be authentic. */
  readonly auth: boolean;
  readonly bclient: boolean;
  /** The kernel's loop is used. */
  readonly kernel: boolean;
  readonly monitor: boolean;
  /** The clock is disciplined. */
  readonly ntp: boolean;
  readonly stats: boolean;
}

/** `tinker`. */
export interface Tinker {
  /** Of a clock that is behind; `Infinity`: it is never stepped. */
  readonly step: Seconds;
  /** Of a clock that is ahead. */
  readonly stepBack: Seconds;
  readonly stepout: Seconds;
  /** `Infinity`: no offset is too large. */
  readonly panic: Seconds;
  /** Parts per million, at the start; `null`: as the drift file has it. */
  readonly freq: number | null;
  /** Seconds; `null`: each discipline and filter has its own. */
  readonly allan: Seconds | null;
  /** PHI, parts per million. */
  readonly dispersion: number;
  /** Seconds; `null`: the filter is not used. */
  readonly huffpuff: Seconds | null;
}

/** The file of one kind of statistics. */
export interface FileSet {
  /** Its base name, under {@link Statistics.folder} unless absolute. */
  readonly file: string;
  readonly type: string;
  /** The base name is a link to the newest generation. */
  readonly link: boolean;
  readonly enabled: boolean;
}

/** What is written for later study. */
export interface Statistics {
  readonly folder: string;
  /** By name, e.g. `loopstats`; only those that a `statistics` line asks for are written. */
  readonly kinds: Readonly<Record<string, FileSet & { readonly asked: boolean }>>;
}

/** One `interface` line. */
export interface InterfaceLine extends ListenRule {
  readonly at: Place;
}

/** One `setvar` line. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  /** Shown without being asked for. */
  readonly standard: boolean;
}

/** What `nts` lines say of answering clients. */
export interface NtsLines {
  readonly enabled: boolean;
  /** The file of the certificate with those above it, PEM; `null`: none is named. */
  readonly certificate: string | null;
  /** The file of its key, PEM. */
  readonly key: string | null;
  /** The file that master keys are kept in; `null`: one in the state directory. */
  readonly cookies: string | null;
  /** Of key establishment, TCP. */
  readonly port: number;
  /** Who is asked for the time by those who are given keys here, HOST[:PORT]; `null`: this host. */
  readonly server: string | null;
  /** The last line; `null`: there is none. */
  readonly at: Place | null;
}

/** Where Autokey's keys are unless `keysdir` names another folder, as ntpd has it. */
export const DEFAULT_KEYS_FOLDER = "/usr/local/etc";

/** What `crypto` lines say of Autokey. */
export interface CryptoLines {
  /** Whose keys; `null`: this host's name. */
  readonly host: string | null;
  /** The group whose server it is; `null`: that of its own name. */
  readonly ident: string | null;
  /** Of encrypted files; `null`: the host's name. */
  readonly password: string | null;
  /** Of session keys. */
  readonly digest: "md5" | "sha1" | "sha256" | "sha384" | "sha512";
  /** The last line. */
  readonly at: Place;
}

/** Everything a file configures. */
export interface Configuration {
  /** Servers and pools: what the one-shots ask. */
  readonly servers: readonly ServerLine[];
  /** All associations, in the order of their lines. */
  readonly associations: readonly AssociationLine[];
  readonly localClock: (LocalClockLine & { readonly stratum: number }) | null;
  readonly broadcastClient: boolean;
  /** Whose broadcasts are heard has to prove who it is under NTS, for this name or for its address; `null`: it need not. */
  readonly provedBroadcasts: { readonly certified?: string } | null;
  /** Whose broadcasts are heard has to be under Autokey, and of this group, or of those of `ident` (`null`); `null`: it need not. */
  readonly autokeyBroadcasts: { readonly ident: string | null } | null;
  /** Groups of which whoever comes by himself under Autokey must prove to be of one; none: any will do. */
  readonly idents: readonly string[];
  /** Groups whose broadcasts are followed. */
  readonly multicastClient: readonly string[];
  /** Groups in which searches are answered. */
  readonly manycastServer: readonly string[];
  /** The rings of manycast searches, hops. */
  readonly rings: readonly number[];
  /** One-way delay of broadcasts; `null`: it is measured. */
  readonly broadcastDelay: Seconds | null;
  readonly callDelay: Seconds | null;
  readonly keys: { readonly path: string; readonly format: KeyFormat; readonly at: Place } | null;
  /** `null`: no `trustedkey` line. */
  readonly trusted: readonly KeyIdRange[] | null;
  readonly controlKey: number | null;
  /** What `tos` lines say of selection. */
  readonly limits: Partial<SelectionLimits>;
  readonly discovery: DiscoverySettings;
  readonly restrict: readonly RestrictLine[];
  readonly discard: DiscardLimits;
  readonly nts: NtsLines;
  /** Of Autokey; `null`: there is no `crypto` line. */
  readonly crypto: CryptoLines | null;
  /** The folder of Autokey's keys; `null`: none is named. */
  readonly keysFolder: string | null;
  readonly mru: Readonly<Record<string, Standard>>;
  readonly switches: Switches;
  readonly tinker: Tinker;
  readonly driftFile: string | null;
  /** Whose file that is, and so which sign its number has. */
  readonly driftForm: "ntp" | "chrony";
  /** Less of a change is not worth a write, ppm; `null`: not said. */
  readonly driftTolerance: number | null;
  readonly leapFile: { readonly path: string; readonly checkHash: boolean; readonly at: Place } | null;
  /** Seconds over which a leap second is smeared; 0: it is not. */
  readonly smear: Seconds;
  readonly statistics: Statistics;
  readonly interfaces: readonly InterfaceLine[];
  readonly variables: readonly Variable[];
  readonly logFile: string | null;
  readonly pidFile: string | null;
  /** What is worth telling beyond the parser's own remarks. */
  readonly remarks: readonly Remark[];
}

/** A configuration being put together. */
export type Draft = {
  -readonly [K in keyof Configuration]: K extends Growing ? Configuration[K][number][] : Configuration[K];
} & { localStratum: Map<number, number> };

/** Lists that lines are added to: a file may have tens of thousands of them, too many to copy the list for each. */
type Growing = "servers" | "associations" | "manycastServer" | "restrict" | "interfaces" | "variables" | "remarks";
