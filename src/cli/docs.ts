/**
 * Writes what is generated and checked in: the manual pages and the README's pictures (`man/`), and the JSON Schemas
 * (`schemas/`). `npm run docs` writes them, `npm run check:docs` says which are stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeSchema, decodeSummarySchema } from "../view/decode-document.ts";
import { findingSchemas } from "../view/finding-schema.ts";
import { configSchema, logSchema } from "../view/run-schema.ts";
import { keygenSchema, runSchema } from "../view/schema.ts";
import { viewingSchemas } from "../view/daemon-schema.ts";
import { adoptSchema } from "../view/adopt-document.ts";
import { nowSchema } from "../view/now-document.ts";
import { ntsSchema } from "../view/nts-document.ts";
import { reportSchema } from "../view/report-document.ts";
import { simulateSchema } from "../view/simulate-document.ts";
import { tree } from "./completion/tree.ts";
import { manualPages } from "./man/pages.ts";
import { pictures } from "./pictures/scenes.ts";
import { version } from "./version.ts";

/** Every generated file: its path from the top, and what must stand in it. */
export function generated(): ReadonlyMap<string, string> {
  const pages = [...manualPages(tree(), version())].map(([name, text]) => [`man/${name}`, text] as const);
  const schemas = {
    sync: runSchema("sync"),
    query: runSchema("query"),
    demo: runSchema("demo"),
    run: logSchema(),
    config: configSchema(),
    keygen: keygenSchema(),
    adopt: adoptSchema(),
    now: nowSchema(),
    nts: ntsSchema(),
    report: reportSchema(),
    simulate: simulateSchema(),
    decode: decodeSchema(),
    "decode-summary": decodeSummarySchema(),
    ...findingSchemas(),
    ...viewingSchemas(),
  };
  return new Map([
    ...pages,
    ...pictures(),
    ...Object.entries(schemas).map(
      ([name, schema]) => [`schemas/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`] as const,
    ),
  ]);
}

/** The files that are not as they must be. */
export function stale(files: ReadonlyMap<string, string> = generated()): string[] {
  return [...files].filter(([path, text]) => current(path) !== text).map(([path]) => path);
}

function current(path: string): string | null {
  try {
    return readFileSync(place(path), "utf8");
  } catch {
    return null;
  }
}

function place(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = generated();
  const paths = stale(files);
  if (process.argv.includes("--check")) {
    for (const path of paths) process.stderr.write(`${path} is stale: npm run docs\n`);
    process.exitCode = paths.length === 0 ? 0 : 1;
  } else {
    for (const path of paths) {
      mkdirSync(dirname(place(path)), { recursive: true });
      writeFileSync(place(path), files.get(path)!);
      process.stdout.write(`${path}\n`);
    }
  }
}
