/** What runs under NTS need besides keys of a file: loaded where a line asks for it, and not before. */
import { UsageError } from "../config/usage.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Trust } from "../host/establish.ts";
import { systemReason } from "../security/place.ts";
import { LARGEST, readText } from "../security/readfile.ts";
import type { EstablishedKeys, Security } from "../security/security.ts";

/** The security of associations under NTS. */
export class NtsAtHand {
  #make: (() => Security) | null = null;
  /** Those that were made, and are still in use: a daemon may make many. */
  #made: readonly WeakRef<Security>[] = [];

  /** Makes one association's; only once {@link NtsAtHand.load} is done. */
  readonly security = (): Security => {
    if (this.#make === null) throw new Error("NTS is asked for, and not loaded");
    const security = this.#make();
    this.#made = [...this.#made.filter((other) => other.deref() !== undefined), new WeakRef(security)];
    return security;
  };

  /** The keys of all, with the cookies that were not sent; none has any more. */
  surrender(): readonly EstablishedKeys[] {
    return this.#made.flatMap((security) => security.deref()?.keying?.surrender() ?? []);
  }

  /** Loads what a configuration needs. @returns `null`: that is there already, or it needs nothing */
  load({ associations }: EngineConfig): Promise<void> | null {
    if (this.#make !== null || !associations.some(({ nts }) => nts === true)) return null;
    return this.#load();
  }

  async #load(): Promise<void> {
    const [{ loadAeads }, { ntsSecurity }] = await Promise.all([
      import("../security/nts/aead.ts"),
      import("../security/nts/client.ts"),
    ]);
    const makeAead = await loadAeads();
    const { randomBytes } = process.getBuiltinModule("node:crypto");
    this.#make = () => ntsSecurity(makeAead, randomBytes);
  }
}

/**
 * Whom a run trusts besides the system's.
 * @param file certificates, PEM; `undefined`: nobody
 * @throws UsageError where it cannot be read, or has none
 */
export function trustOf(file: string | undefined): Trust {
  if (file === undefined) return { ca: [] };
  let text: string;
  try {
    text = readText(file, LARGEST.certificates);
  } catch (error) {
    throw new UsageError(`--ca: ${file} cannot be read: ${systemReason(error)}`);
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0)
    throw new UsageError(`--ca: ${file} has no certificate in it`, "it is a PEM file: -----BEGIN CERTIFICATE-----");
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  for (const [index, certificate] of certificates.entries()) {
    try {
      void new X509Certificate(certificate);
    } catch {
      throw new UsageError(
        `--ca: ${file}: certificate ${index + 1} cannot be read`,
        "it is PEM, as `openssl x509` writes it",
      );
    }
  }
  return { ca: certificates };
}

/** Names whom a run trusts: keys are kept for runs that trust the same. */
export function trustName({ ca }: Trust): string {
  if (ca.length === 0) return "system";
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256")
    .update(JSON.stringify({ ca: ca.toSorted() }))
    .digest("hex");
}
