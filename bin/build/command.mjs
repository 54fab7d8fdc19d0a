/**
 * The command as one file, of chunks that are functions: V8 compiles those that a command needs, and what it has compiled is
 * kept by the first runs. See `../load.js`.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { build } from "esbuild";
import { bundle } from "../load.js";
import { common, defined, packagesOf } from "./places.mjs";

/** An import of a chunk or of Node's as the bundler writes it when it minifies: of all as one name, of the default, of some. */
const IMPORT =
  /(?<=^|[;}])\s*import ?(?:(?:\*as ([\w$]+)|([\w$]+)|)(?:,?\{([^}]*)\})? ?from)?"(node:[\w/]+|\.\/[\w-]+\.js)";/g;
/** The exports, at the end; nothing follows but licences. */
const EXPORT = /export\{([^}]*)\};(?=\s*(?:\/\*[^]*\*\/\s*)?$)/;

/**
 * Writes `dist/bin/ntpkit.cjs`, which begins with a digest of the rest.
 * @returns the packages that are in it
 */
export async function buildCommand() {
  const { chunks, packages } = await bundled();
  const text = escaped(joined(chunks));
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  mkdirSync(dirname(bundle), { recursive: true });
  writeFileSync(bundle, `/*${digest}*/${text}`);
  return packages;
}

/** The command and the library in ES modules: one for what each set of commands shares, and one for each that is loaded only when it is needed. */
async function bundled() {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: { ntpkit: "src/cli/entry.ts", worlds: "src/cli/simulate/worker.ts", library: "src/index.ts" },
    outdir: "dist/bin",
    splitting: true,
    format: "esm",
    define: { "import.meta": "meta", ...defined },
    plugins: [withoutChildProcess()],
  });
  const chunks = outputFiles.map(({ path, text }) => ({ name: `./${basename(path)}`, code: commonJs(text) }));
  return { chunks, packages: packagesOf(metafile) };
}

/** Commander loads node:child_process, and with it the half of Node, for commands that are programs of their own. */
function withoutChildProcess() {
  return {
    name: "commander without node:child_process",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
        importer.includes("commander") ? { path: "none", namespace: "without" } : undefined,
      );
      onLoad({ filter: /.*/, namespace: "without" }, () => ({ contents: "export default {};" }));
    },
  };
}

/**
 * The bundler's ES module as the body of a function: Node's loader of ES modules takes long, and cannot be given compiled
 * code. The bundler's own translation looks every import up anew whenever it is used, and is slow to set that up; here each is
 * a constant, as modules without circles may have it.
 */
function commonJs(text) {
  const requires = [];
  let body = text.replaceAll(IMPORT, (_, all, one, some, from) => {
    const required = `require(${JSON.stringify(from)})`;
    const names = [all, one, some === undefined ? undefined : `{${some.replaceAll(" as ", ":")}}`].filter(
      (name) => name !== undefined,
    );
    requires.push(...(names.length === 0 ? [`${required};`] : names.map((name) => `const ${name}=${required};`)));
    return "";
  });
  body = body.replace(
    EXPORT,
    (_, names) => `Object.assign(exports,{${names.replaceAll(/([\w$]+) as ([\w$]+)/g, "$2:$1")}});`,
  );
  body = body.replaceAll(/\bimport\(("\.\/[\w-]+\.js")\)/g, "Promise.resolve().then(()=>require($1))");
  const [left] = /(?:^|[;}])(?:import|export)[^\w$].*/.exec(body) ?? [];
  if (left !== undefined) throw new Error(`the bundler has written what is not understood here: ${left.slice(0, 100)}`);
  return `"use strict";${requires.join("")}${body}`;
}

/** In ASCII, as which `load.js` reads it: the bundler escapes strings, and leaves regular expressions as they are. */
function escaped(text) {
  return text.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** An object of functions, one a chunk. */
function joined(all) {
  return `({${all.map(({ name, code }) => `${JSON.stringify(name)}(exports,require,module,meta){${code}}`).join(",\n")}})`;
}
