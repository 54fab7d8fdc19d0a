/**
 * Loads the bundled command together with its compiled code, which the build has kept: compiling takes a third of what a
 * query takes, and Node 20 keeps nothing itself. V8 takes what another machine has compiled for its own, and crashes: so a file's
 * name says for which architecture and V8 it is, and for any other everything is compiled anew.
 *
 * The bundle is an object of chunks, each a function that makes a module; it is called when that is first required.
 */
const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { Script } = require("node:vm");

const folder = join(__dirname, "..", "dist", "bin");
const bundle = join(folder, "ntpkit.cjs");

/** Commands whose own compiled code is kept: loading more than is needed takes time, too. The others take the demonstration's. */
const KEPT = ["demo", "sync", "query", "peers", "check"];

/**
 * Runs the command.
 * @param keep whether to keep what is compiled of it until it ends; the build does
 * @param part the chunk that begins: the command, or what its threads run
 */
function load({ keep = false, part = "./ntpkit.js" } = {}) {
  const command = KEPT.includes(process.argv[2]) ? process.argv[2] : "demo";
  const compiled = join(folder, `${command}-${process.arch}-${process.versions.v8}.cache`);
  // The build escapes what is not ASCII.
  const script = new Script(readFileSync(bundle, "latin1"), { filename: bundle, cachedData: contentsOf(compiled) });
  if (keep) process.on("exit", () => writeFileSync(compiled, script.createCachedData()));
  requireFrom(script.runInThisContext())(part);
}

/** A `require` that knows the chunks; packages are found as this file finds them. */
function requireFrom(chunks) {
  const modules = new Map();
  const meta = {
    get url() {
      return pathToFileURL(bundle).href;
    },
  };
  return function requireChunk(name) {
    const make = chunks[name];
    if (make === undefined) return require(name);
    let module = modules.get(name);
    if (module === undefined) {
      modules.set(name, (module = { exports: {} }));
      make(module.exports, requireChunk, module, meta);
    }
    return module.exports;
  };
}

function contentsOf(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

module.exports = { load, bundle };
