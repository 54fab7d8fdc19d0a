/**
 * Builds what is published: `dist/` by the compiler (the library and its types), then `dist/bin/` by the bundler (the
 * command) with its compiled code.
 *
 * Most of the time that a one-shot takes is its start. So the command is one file, of chunks that are functions: V8 compiles
 * those that a command needs, and runs of some commands leave behind what it compiled of them; see `load.js`.
 */
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundle } from "./load.js";

const top = fileURLToPath(new URL("..", import.meta.url));

/** An import of a chunk or of Node's as the bundler writes it when it minifies: of all as one name, of the default, of some. */
const IMPORT =
  /(?<=^|[;}])\s*import ?(?:(?:\*as ([\w$]+)|([\w$]+)|)(?:,?\{([^}]*)\})? ?from)?"(node:[\w/]+|\.\/[\w-]+\.js)";/g;
/** The exports, at the end; nothing follows but licences. */
const EXPORT = /export\{([^}]*)\};(?=\s*(?:\/\*[^]*\*\/\s*)?$)/;

rmSync(`${top}dist`, { recursive: true, force: true });

const compiler = spawnSync(process.execPath, [`${top}node_modules/typescript/bin/tsc`, "-p", top], {
  cwd: top,
  stdio: "inherit",
});
if (compiler.status !== 0) process.exit(compiler.status ?? 1);

mkdirSync(dirname(bundle), { recursive: true });
writeFileSync(bundle, escaped(joined(await chunks())));
await keepCompiled();

/** The command in ES modules: one for what each set of commands shares, and one for each that is loaded only when it is needed. */
async function chunks() {
  const { outputFiles } = await build({
    absWorkingDir: top,
    entryPoints: { ntpkit: "src/cli/entry.ts", worlds: "src/cli/simulate/worker.ts" },
    outdir: "dist/bin",
    write: false,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    minify: true,
    // koffi finds its binary beside its own files, so it stays where npm put it.
    external: ["koffi"],
    define: { "import.meta": "meta", NTPKIT_BUILT: JSON.stringify(today()) },
    plugins: [withoutChildProcess()],
    logLevel: "warning",
  });
  return outputFiles.map(({ path, text }) => ({ name: `./${basename(path)}`, code: commonJs(text) }));
}

/** The day of the build, which those who build the same again may name (reproducible-builds.org, SOURCE_DATE_EPOCH). */
function today() {
  const seconds = process.env.SOURCE_DATE_EPOCH;
  return new Date(seconds ? Number(seconds) * 1000 : Date.now()).toISOString().slice(0, 10);
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

/**
 * Runs commands for their compiled code, against a server of our own. Without it the command only starts more slowly, so a
 * run that cannot be made here is no failure.
 */
async function keepCompiled() {
  const port = await freePort();
  const place = `127.0.0.1:${port}`;
  const server = spawn(
    process.execPath,
    [`${top}bin/ntpkit.js`, "serve", "--address", "127.0.0.1", "--port", `${port}`, "--local-stratum", "3"],
    { stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 },
  );
  // Its first line, or its end.
  await new Promise((ready) => server.stdout.once("readable", ready));
  // Each adds to what the runs of the same command before it have left.
  keep("demo", ["--json"]);
  keep("sync", [place, "--dry-run", "--samples", "1"]);
  for (const more of [[], ["--json"]]) {
    for (const command of ["query", "peers", "check"]) keep(command, [place, ...more]);
  }
  server.kill();
}

function keep(command, args) {
  const script = `require("./bin/load.js").load({ keep: true })`;
  spawnSync(process.execPath, ["-e", script, "ntpkit", command, ...args], {
    cwd: top,
    stdio: "ignore",
    timeout: 30_000,
  });
}

async function freePort() {
  const socket = createSocket("udp4");
  await new Promise((bound) => socket.bind(0, "127.0.0.1", bound));
  const { port } = socket.address();
  await new Promise((closed) => socket.close(closed));
  return port;
}
