/**
 * Autokey of a daemon (`crypto`, `keysdir`, --autokey): its keys, by which it asks and answers. They are read when it starts and when it is
 * told to read all anew; where that fails later it goes on by those it has.
 */
import { hostname } from "node:os";
import { DEFAULT_KEYS_FOLDER } from "../../config/ntpconf/record.ts";
import type { Configuration } from "../../config/ntpconf/configuration.ts";
import type { AutokeyFacts } from "../../control/responder/facts.ts";
import type { AutokeyAnswering } from "../../security/security.ts";
import type { KeyFolder } from "../../security/autokey/folder.ts";
import type { SessionDigest } from "../../security/autokey/session.ts";
import type { AskedAt, AutokeyHost, AutokeyOptions, MakeAutokey } from "../autokey.ts";
import type { Log } from "./log.ts";
import { placedText, type Place } from "../../security/place.ts";
import { withoutAutokey } from "../../security/symmetric.ts";
import type { Remark } from "../../config/ntpconf/parse.ts";
import { UsageError } from "../../config/usage.ts";

/** A daemon's Autokey. */
export class DaemonAutokey {
  readonly #options: AutokeyOptions;
  readonly #log: Log;
  #host: AutokeyHost | null = null;
  #server: AutokeyAnswering | null = null;
  #ident: string | null = null;
  /** The folder, as it was last read. */
  #seen = "";

  constructor(options: AutokeyOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  /** Makes securities of associations by the keys that count now. */
  readonly make: MakeAutokey = (...whom) => this.#host?.make(...whom) ?? withoutAutokey();

  /** Answers clients by the keys that count now. */
  readonly answering: AutokeyAnswering = {
    judge: (...request) => this.#server?.judge(...request) ?? null,
    begins: (...packet) => this.#server?.begins(...packet) ?? false,
    broadcaster: (group) => this.#server?.broadcaster(group) ?? null,
  };

  /** What control queries are told of it; `null`: it is not spoken. */
  readonly facts = (): AutokeyFacts | null => this.#host?.credentials.facts(this.#ident) ?? null;

  /** Whether it is spoken. */
  get isSpoken(): boolean {
    return this.#host !== null;
  }

  /**
   * Reads the keys, where they are asked for and have changed.
   * @throws UsageError where they cannot be used
   */
  async load(configuration: Configuration): Promise<void> {
    if (configuration.crypto === null && this.#options.autokey === undefined) return;
    const [{ loadHost, serverBy }, { folderState }] = await Promise.all([
      import("../autokey.ts"),
      import("../../security/autokey/folder.ts"),
    ]);
    const { folder, digest, idents, asked } = await orders(configuration, this.#options);
    const seen = JSON.stringify([folder, idents, digest, folderState(folder.path)]);
    if (seen === this.#seen) return;
    const host = await loadHost(folder, digest, idents, asked);
    this.#host?.retire();
    this.#host = host;
    this.#ident = folder.ident ?? null;
    this.#server = await serverBy(host.credentials);
    this.#seen = seen;
    const text = `Autokey is spoken by the keys in ${folder.path}; it is weak, and NTS is the way to go`;
    this.#log.say("warning", "autokey", text);
    for (const warning of host.warnings) this.#log.say("warning", "autokey", placedText(warning));
  }

  /**
   * As {@link DaemonAutokey.load}, for a daemon that goes on: where the keys cannot be used it has those that it had.
   * @returns whether there are others now
   */
  async renew(configuration: Configuration): Promise<boolean> {
    const before = this.#host;
    const wasSpoken = this.isSpoken;
    try {
      await this.load(configuration);
      this.#log.matter("autokey", "error", "autokey", null);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#log.matter("autokey", "error", "autokey", `${error.message}; Autokey goes on by the keys that it has`);
    }
    if (!wasSpoken && this.isSpoken)
      this.#log.say("warning", "autokey", "clients are answered under Autokey from the next start on");
    return this.#host !== before;
  }
}

/** What is wrong with the keys of a configuration: for `--check`. */
export async function autokeyRemarks(
  configuration: Configuration,
  options: AutokeyOptions,
): Promise<readonly Remark[]> {
  const { crypto } = configuration;
  if (crypto === null) return [];
  const { loadHost } = await import("../autokey.ts");
  const { folder, digest, idents, asked } = await orders(configuration, options);
  try {
    const { warnings } = await loadHost(folder, digest, idents, asked);
    return warnings.map((warning) => ({ level: "warning", text: placedText(warning), at: crypto.at }));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [{ level: "warning", text: withoutPlace(error, crypto.at), at: crypto.at }];
  }
}

/** A remark is told with its place; what stands in another file keeps that. */
function withoutPlace({ message, place }: UsageError, at: Place): string {
  return place?.file !== at.file ? message : message.replace(placedText({ ...place, message: "" }), "");
}

/** Which keys, and for whom. */
async function orders(
  { crypto, keysFolder, associations, autokeyBroadcasts, idents }: Configuration,
  options: AutokeyOptions,
): Promise<AutokeyOrders> {
  const [{ groupsOf }, { passwordOf }] = await Promise.all([import("../autokey.ts"), import("../autokey-password.ts")]);
  const { autokey } = options;
  return {
    folder: {
      path: autokey ?? keysFolder ?? DEFAULT_KEYS_FOLDER,
      password: passwordOf(options) ?? crypto?.password ?? null,
      hostname: crypto?.host ?? hostname(),
      isNamed: (crypto?.host ?? null) !== null,
      ...(crypto === null || crypto.ident === null ? {} : { ident: crypto.ident }),
    },
    digest: crypto?.digest ?? "md5",
    idents: groupsOf([
      ...associations.flatMap((line) => line.autokey ?? []),
      ...(autokeyBroadcasts === null ? [] : [autokeyBroadcasts]),
      ...idents.map((ident) => ({ ident })),
    ]),
    asked: crypto === null ? { word: "--autokey", at: null } : { word: "crypto", at: crypto.at },
  };
}

interface AutokeyOrders {
  readonly folder: KeyFolder;
  readonly digest: SessionDigest;
  readonly idents: readonly string[];
  readonly asked: AskedAt;
}
