/**
 * Loads the bundled command together with its compiled code, which the build has kept: compiling takes a third of what a
 * query takes, and Node 20 keeps nothing itself. V8 refuses code compiled by another version of its own and then compiles.
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Script } = require("node:vm");

const folder = join(__dirname, "..", "dist", "bin");
const bundle = join(folder, "ntpkit.cjs");
const compiled = join(folder, "ntpkit.cache");

/** Runs the command. Returns the script, so that the build can keep its compiled code in `compiled`. */
function load() {
  // The bundler escapes what is not ASCII.
  const source = readFileSync(bundle, "latin1");
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  const script = new Script(wrapped, { filename: bundle, cachedData: cachedData() });
  // This file's own `require` finds the same packages as one made for the bundle would, and costs nothing.
  script.runInThisContext()({}, require, {}, bundle, folder);
  return script;
}

function cachedData() {
  try {
    return readFileSync(compiled);
  } catch {
    return undefined;
  }
}

module.exports = { load, compiled };
