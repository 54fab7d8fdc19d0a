/** The version: put in by the bundler; from source that of package.json, two folders above this file. */
import { readFileSync } from "node:fs";

declare const NTPKIT_VERSION: string;

/** E.g. `0.1.0`. */
export function version(): string {
  if (typeof NTPKIT_VERSION !== "undefined") return NTPKIT_VERSION;
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { readonly version: string }).version;
}
