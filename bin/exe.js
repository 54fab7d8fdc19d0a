/**
 * The command as one executable: Node with everything inside (its single executable applications). What V8 has compiled of some
 * commands is inside, too, where it was built by its own kind; of the others it is kept as an installed command keeps it.
 */
const fs = require("node:fs");
const { dirname, join } = require("node:path");
const sea = require("node:sea");
const { Script } = require("node:vm");
const { Compiled } = require("./compiled.js");
const { requireFrom } = require("./load.js");

const NAME = "ntpkit.cjs";
const BINARY = "koffi.node";
const MAY_WRITE = 0o022;

/** The code of a thread: it has no more of this file than it is given here. */
const THREAD = `(${String(requireFrom)})(
  new (require("node:vm").Script)(Buffer.from(require("node:sea").getRawAsset("${NAME}")).latin1Slice(), { filename: "${NAME}" })
    .runInThisContext(), { isAlone: true }, require)("./worlds.js")`;

const text = asset(NAME).latin1Slice();
const command = process.argv[2];
const inside = sea.getAssetKeys().includes(`${command}.cache`) ? asset(`${command}.cache`) : undefined;
const compiled = inside === undefined ? Compiled.of(text, command) : null;
const script = new Script(text, { filename: NAME, cachedData: inside ?? compiled?.data });
compiled?.keep(script);
const meta = { thread: THREAD, isAlone: true, text: (path) => asset(path).toString("utf8") };
requireFrom(script.runInThisContext(), meta, (name) => (name.endsWith(`/${BINARY}`) ? native() : require(name)))(
  "./ntpkit.js",
);

function asset(key) {
  return Buffer.from(sea.getRawAsset(key));
}

/** koffi's binary: a package has put it beside the executable, where only root writes; else it is written out for a moment. */
function native() {
  const beside = join(dirname(process.execPath), BINARY);
  if ([dirname(beside), beside].every(isRoots)) return opened(beside);
  const contents = asset(BINARY);
  for (const folder of [process.env.XDG_RUNTIME_DIR, "/dev/shm", process.env.TMPDIR, "/tmp", "/var/tmp"]) {
    // Where it may not be written, or nothing be run from: elsewhere, then.
    const module = folder ? writtenOut(contents, folder) : null;
    if (module !== null) return module;
  }
  throw new Error(`${BINARY} can be run from nowhere`);
}

function isRoots(path) {
  try {
    const { uid, mode } = fs.lstatSync(path);
    return uid === 0 && (mode & MAY_WRITE) === 0;
  } catch {
    return false;
  }
}

/** It is mapped, and needs its name no more. */
function writtenOut(contents, parent) {
  let folder;
  try {
    folder = fs.mkdtempSync(join(parent, "ntpkit-"));
    fs.writeFileSync(join(folder, BINARY), contents, { mode: 0o500, flag: "wx" });
    return opened(join(folder, BINARY));
  } catch {
    return null;
  } finally {
    if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true });
  }
}

function opened(path) {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}
