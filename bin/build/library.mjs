/**
 * The library: for each of its entries a CommonJS module, an ES module that hands on what that exports, so that a program which
 * loads both has one of each thing, and types for both. All but packets is a chunk of the command's bundle, which has everything in
 * it already (`command.mjs`).
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { common, defined, packagesOf, place, top } from "./places.mjs";

/** What `exports` of package.json names, and the sources. */
const ENTRIES = { index: "src/index.ts", wire: "src/wire.ts" };
/** The chunk of the command's bundle. */
const CHUNK = 'module.exports = require("../bin/load.js").load({ part: "./library.js", isKept: false });\n';

/**
 * Writes `dist/NAME.cjs`, `.js`, `.d.ts` and `.d.cts` for every entry.
 * @returns the packages that are in them
 */
export async function buildLibrary() {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: { wire: ENTRIES.wire },
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    define: { "import.meta": "{}", ...defined },
  });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  writeFileSync(place("dist/index.cjs"), CHUNK);
  for (const name of Object.keys(ENTRIES)) writeFileSync(place(`dist/${name}.js`), handedOn(name));
  for (const [name, text] of await types()) {
    writeFileSync(place(`dist/${name}.d.ts`), DISPOSABLE + text);
    writeFileSync(place(`dist/${name}.d.cts`), DISPOSABLE + text);
  }
  return packagesOf(metafile);
}

/** `await using` is younger than the language that programs may be compiled for: its types are brought along. */
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';

/** The ES module of an entry. */
function handedOn(name) {
  const names = Object.keys(createRequire(import.meta.url)(place(`dist/${name}.cjs`)));
  return `import library from "./${name}.cjs";\nexport const { ${names.toSorted().join(", ")} } = library;\n`;
}

/** The types of each entry with all that they name, as one text that stands by itself. */
async function types() {
  const folder = mkdtempSync(join(tmpdir(), "ntpkit-types-"));
  try {
    compile(folder);
    const input = Object.entries(ENTRIES).map(([name, path]) => [
      name,
      join(folder, path.replace(/^src\/(.*)\.ts$/, "$1.d.ts")),
    ]);
    return await Promise.all(input.map(async ([name, path]) => [name, await rolledUp(path)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(folder) {
  const compiler = place("node_modules/typescript/bin/tsc");
  const args = ["-p", top, "--emitDeclarationOnly", "--sourceMap", "false", "--outDir", folder];
  const { status } = spawnSync(process.execPath, [compiler, ...args], { cwd: top, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

async function rolledUp(input) {
  const all = await rolldown({
    input,
    cwd: top,
    checks: { pluginTimings: false },
    plugins: [dts({ dtsInput: true, tsconfig: false })],
  });
  const { output } = await all.generate({ format: "esm" });
  await all.close();
  if (output.length !== 1) throw new Error(`the types of ${input} are not one file`);
  // Where a module began is of no use to those who read the types.
  return output[0].code.replaceAll(/^\/\/#(?:end)?region.*\n/gm, "");
}
