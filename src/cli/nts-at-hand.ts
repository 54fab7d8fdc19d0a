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

/** Whom a run is told to trust. */
export interface TrustOptions {
  /** A file of certificates, PEM, that are trusted besides the system's. */
  readonly ca?: string | undefined;
  /** SHA-256 of certificates, or of their public keys; no others are accepted. */
  readonly pin?: string | undefined;
  /** Dates of certificates do not count: they are judged by the time that is measured. */
  readonly ntsBootstrap?: boolean | undefined;
}

/**
 * Whom a run trusts when keys are established.
 * @throws UsageError where the file cannot be read, or has no certificate, or a pin is none
 */
export function trustOf({ ca, pin, ntsBootstrap }: TrustOptions): Trust {
  return {
    dates: ntsBootstrap === true ? "ignored" : "count",
    ca: ca === undefined ? [] : certificatesOf(ca),
    pins: pin === undefined ? [] : pinsOf(pin),
  };
}

/** The pins of a list: hexadecimal digits as OpenSSL prints them, or base64 as curl takes them. */
function pinsOf(text: string): readonly string[] {
  return text.split(/[,;]/).map((word) => {
    const plain = word.trim().replace(/^sha-?256(?::|\/\/)/i, "");
    const digits = plain.replaceAll(":", "").toLowerCase();
    if (/^[0-9a-f]{64}$/.test(digits)) return digits;
    if (/^[0-9A-Za-z+/]{43}=$/.test(plain)) return Buffer.from(plain, "base64").toString("hex");
    throw new UsageError(
      `--pin: "${word.trim()}" is no SHA-256`,
      "64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` prints them; several with a comma between",
    );
  });
}

function certificatesOf(file: string): readonly string[] {
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
  return certificates;
}

/** Names whom a run trusts: keys are kept for runs that trust the same. */
export function trustName({ ca, pins, dates }: Trust): string {
  if (ca.length === 0 && pins.length === 0 && dates === "count") return "system";
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256")
    .update(JSON.stringify({ ca: ca.toSorted(), pins: pins.toSorted(), dates }))
    .digest("hex");
}
