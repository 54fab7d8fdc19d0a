/**
 * Loads the bundled command, and keeps what V8 has compiled of it: compiling takes a third of what a query takes. The bundle is
 * an object of chunks, each a function that makes a module; it is called when that is first required.
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Script } = require("node:vm");
const { Compiled } = require("./compiled.js");

const bundle = join(__dirname, "..", "dist", "bin", "ntpkit.cjs");

/** The code of a thread, which loads what it runs as its process has. */
const THREAD = `require(${JSON.stringify(__filename)}).load({ part: "./worlds.js", isKept: false })`;

/** What `src/host/loader.ts` describes. */
const META = {
  get url() {
    return require("node:url").pathToFileURL(bundle).href;
  },
  thread: THREAD,
  text: (path) => readFileSync(join(__dirname, "..", path), "utf8"),
};

/**
 * Runs the command.
 * @param part the chunk that begins: the command, what its threads run, or the library
 * @param isKept whether what is compiled of it may be kept for the next run
 * @returns what the chunk exports
 */
function load({ part = "./ntpkit.js", isKept = true } = {}) {
  // The build escapes what is not ASCII.
  const text = readFileSync(bundle, "latin1");
  const compiled = isKept ? Compiled.of(text, process.argv[2]) : null;
  const script = new Script(text, { filename: bundle, cachedData: compiled?.data });
  compiled?.keep(script);
  return requireFrom(script.runInThisContext(), META, require)(part);
}

/** A `require` that knows the chunks; all else is found by another. */
function requireFrom(chunks, meta, others) {
  const modules = new Map();
  return function requireChunk(name) {
    const make = chunks[name];
    if (make === undefined) return others(name);
    let module = modules.get(name);
    if (module === undefined) {
      modules.set(name, (module = { exports: {} }));
      make(module.exports, requireChunk, module, meta);
    }
    return module.exports;
  };
}

module.exports = { load, bundle, requireFrom };
