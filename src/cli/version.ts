/** The version, from package.json, which stands two folders above this file wherever it is built to. */
import { readFileSync } from "node:fs";

/** E.g. `0.1.0`. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { readonly version: string }).version;
}
