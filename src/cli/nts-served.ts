/**
 * Answering clients under NTS, as far as it is there at every start: what was asked for, and who answers at the moment. The service
 * itself, and TLS with it, is loaded where it is asked for.
 */
import type { Configuration } from "../config/ntpconf/configuration.ts";
import { ONCE_DEFAULTS } from "../config/options.ts";
import { parseUnicastServer } from "../config/servers.ts";
import { UsageError, type Place } from "../config/usage.ts";
import { KE_PORT } from "../wire/ntske.ts";
import type { NtsFacts } from "../control/responder/facts.ts";
import type { NtsAnswering } from "../security/security.ts";
import type { NtsService, TellNts } from "./nts-serving.ts";

/** What is asked for. */
export interface NtsSettings {
  /** Files, PEM. */
  readonly certificate: string;
  readonly key: string;
  /** The file of master keys; `null`: one in the state directory. */
  readonly cookies: string | null;
  /** Of key establishment, TCP. */
  readonly port: number;
  /** To listen on, an IP literal; `null`: all. */
  readonly address: string | null;
  /** The UDP port that time is asked at. */
  readonly timePort: number;
  /** Who is asked for the time by those who are given keys; `null`: this host, where the keys came from. */
  readonly server: { readonly name: string; readonly port: number } | null;
  /** How whoever asked for it calls certificate, key and port. */
  readonly words: { readonly certificate: string; readonly key: string; readonly port: string };
  /** Where it is asked for; `null`: on the command line. */
  readonly at: Place | null;
}

/** Whether one of this host's addresses is served, an IP literal without a zone. */
export type IsServed = (ip: string) => boolean;

/** What the command line says. */
export interface NtsOptions {
  readonly ntsCert?: string;
  readonly ntsKey?: string;
  readonly ntsPort?: number;
  readonly ntsCookies?: string;
  readonly ntsServer?: string;
}

const OPTIONS = { certificate: "--nts-cert", key: "--nts-key", port: "--nts-port" } as const;
const LINES = { certificate: "nts cert", key: "nts key", port: "nts port" } as const;

/**
 * What is asked for on the command line, or else in a file.
 * @param where the service is
 * @returns `null`: nobody is answered under NTS
 * @throws UsageError where half of it is
 */
export function ntsSettings(
  { ntsCert, ntsKey, ntsPort, ntsCookies, ntsServer }: NtsOptions,
  file: Pick<Configuration, "nts"> | null,
  where: { readonly address: string | null; readonly timePort: number },
): NtsSettings | null {
  const lines = file?.nts ?? null;
  const isGiven = ntsCert !== undefined || ntsKey !== undefined;
  if (!isGiven && lines?.enabled !== true) {
    const given = { "--nts-port": ntsPort, "--nts-cookies": ntsCookies, "--nts-server": ntsServer };
    const idle = Object.entries(given).find(([, value]) => value !== undefined)?.[0] ?? null;
    if (idle !== null)
      throw new UsageError(`${idle} is for answering under NTS`, "add --nts-cert FILE and --nts-key FILE");
    return null;
  }
  const certificate = ntsCert ?? lines?.certificate ?? null;
  const key = ntsKey ?? lines?.key ?? null;
  if (certificate === null) throw new UsageError("--nts-key needs a certificate", "add --nts-cert FILE");
  if (key === null) throw new UsageError("--nts-cert needs its key", "add --nts-key FILE");
  return {
    certificate,
    key,
    cookies: ntsCookies ?? lines?.cookies ?? null,
    port: ntsPort ?? lines?.port ?? KE_PORT,
    server: serverOf(ntsServer ?? lines?.server ?? null, ntsServer === undefined ? (lines?.at ?? null) : null),
    ...where,
    words: isGiven ? OPTIONS : LINES,
    at: isGiven ? null : lines!.at,
  };
}

/** @throws UsageError where it is no HOST[:PORT] */
function serverOf(text: string | null, at: Place | null): NtsSettings["server"] {
  if (text === null) return null;
  try {
    const { name, port, ...options } = parseUnicastServer(text);
    const isPlain = Object.values(options).every((value) => value === false || value === null);
    // A zone means nothing to clients elsewhere, and nobody can ask the unspecified address.
    if (isPlain && !name.includes("%") && !UNSPECIFIED.includes(name))
      return { name, port: port ?? ONCE_DEFAULTS.port };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${at === null ? "--nts-server" : "nts server"}: ${error.message}`, error.hint, at);
  }
  throw new UsageError(
    `${at === null ? "--nts-server" : "nts server"}: "${text}" is no server that clients elsewhere can ask`,
    "it is HOST or HOST:PORT",
    at,
  );
}

/** Who answers under NTS, from one configuration to the next. */
export class NtsServed {
  #service: NtsService | null = null;
  #settings: NtsSettings | null = null;
  /** Until what was asked for last is done: what is asked for meanwhile follows. */
  #busy: Promise<void> = Promise.resolve();

  /** Who answers now. */
  readonly answering = (): NtsAnswering | null => this.#service?.answering ?? null;

  /** What it has come to, for control queries. */
  readonly facts = (): NtsFacts | null =>
    this.#service === null ? null : { ...this.#service.answering.counts, handshakes: this.#service.handshakes };

  /** The service that goes on. */
  get service(): NtsService | null {
    return this.#service;
  }

  /**
   * Goes by what is asked for now; what has not changed goes on.
   * @throws UsageError and CommandFailure where that cannot be; nobody is answered then
   */
  serve(settings: NtsSettings | null, tell: TellNts, isServed: IsServed = () => true): Promise<void> {
    const served = this.#busy.then(() => this.#serve(settings, tell, isServed));
    this.#busy = served.catch(() => undefined);
    return served;
  }

  async #serve(settings: NtsSettings | null, tell: TellNts, isServed: IsServed): Promise<void> {
    if (this.#service !== null && isSame(settings, this.#settings)) return this.#service.renew();
    this.close();
    this.#settings = settings;
    if (settings === null) return;
    const { NtsService: Service } = await import("./nts-serving.ts");
    this.#service = await Service.begin(settings, tell, isServed);
  }

  close(): void {
    this.#service?.close();
    this.#service = null;
  }
}

/** Where it stands in a file does not matter. */
function isSame(one: NtsSettings | null, other: NtsSettings | null): boolean {
  return JSON.stringify({ ...one, at: null }) === JSON.stringify({ ...other, at: null });
}

const UNSPECIFIED: readonly string[] = ["0.0.0.0", "::"];
