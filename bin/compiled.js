/**
 * What V8 has compiled of the command, kept by a run for the next ones of the same command. V8 runs what it is given for compiled
 * code unseen: what another machine has compiled, or a spoilt file, crashes it, and what a stranger has written is a stranger's
 * program. So a file is believed only if it is the user's own, says for which Node, architecture and bundle it is, and is
 * whole: it has everything twice, for comparing is faster than any digest. Where none can be kept, the command only starts
 * more slowly, and nobody is told.
 */
const fs = require("node:fs");
const { isAbsolute, join } = require("node:path");

/** Those of the user and of nobody else's hand. */
const OTHERS_MAY_WRITE = 0o022;
/** What was made for a bundle that has not run for so long is removed, milliseconds. */
const STALE = 30 * 86_400_000;
/** So much of the second copy is read at once, octets. */
const PIECE = 1 << 16;
/** A mistake on the command line: what was typed need not be a command. */
const USAGE = 64;

/** The compiled code of one command. */
class Compiled {
  #folder;
  #name;
  #header;
  /** What an earlier run has kept, or undefined. */
  data;

  /** That of a command, or null where there is no place to keep it. */
  static of(bundle, command = "") {
    const folder = folderOf(process.env);
    return folder === null || !/^[a-z]{1,20}$/.test(command) ? null : new Compiled(folder, bundle, command);
  }

  constructor(folder, bundle, command) {
    const digest = bundle.slice(2, bundle.indexOf("*/"));
    this.#folder = folder;
    this.#name = `${command}-${process.arch}-${process.version}-${digest}.cache`;
    this.#header = `ntpkit ${this.#name} ${process.versions.v8}\n`;
    this.data = this.#read();
  }

  /** Keeps what is compiled of a script until the process ends, unless that was kept before. */
  keep(script) {
    if (this.data !== undefined && !script.cachedDataRejected) return;
    process.once("exit", (code) => {
      if (code !== USAGE) this.#write(script);
    });
  }

  #read() {
    try {
      if (!isOwn(fs.lstatSync(this.#folder))) return undefined;
      const fd = fs.openSync(join(this.#folder, this.#name), fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0));
      try {
        const status = fs.fstatSync(fd);
        return status.isFile() && isOwn(status) ? payloadOf(fd, status.size, this.#header) : undefined;
      } finally {
        fs.closeSync(fd);
      }
    } catch {
      return undefined;
    }
  }

  #write(script) {
    try {
      // Above it only the usual folder of caches is made: a home that is not there is not for us to make.
      for (const folder of [join(this.#folder, ".."), this.#folder])
        if (!fs.existsSync(folder)) fs.mkdirSync(folder, 0o700);
      if (!isOwn(fs.lstatSync(this.#folder))) return;
      this.#removeStale();
      const data = script.createCachedData();
      this.#replace(Buffer.concat([Buffer.from(this.#header, "latin1"), data, data]));
    } catch {
      // without, then
    }
  }

  #replace(contents) {
    const unfinished = join(this.#folder, `${this.#name}.${process.pid}`);
    try {
      fs.writeFileSync(unfinished, contents, { mode: 0o600, flag: "wx" });
      fs.renameSync(unfinished, join(this.#folder, this.#name));
    } catch (error) {
      fs.rmSync(unfinished, { force: true });
      throw error;
    }
  }

  #removeStale() {
    for (const name of fs.readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (/\.cache(?:\.\d+)?$/.test(name) && Date.now() - fs.lstatSync(path).mtimeMs > STALE) fs.rmSync(path);
    }
  }
}

/** Where it is kept: where systemd says, or XDG, or below the home. Node's own words for compiled code are followed. */
function folderOf({ NODE_DISABLE_COMPILE_CACHE, CACHE_DIRECTORY, XDG_CACHE_HOME, LOCALAPPDATA, HOME }) {
  if (NODE_DISABLE_COMPILE_CACHE) return null;
  if (CACHE_DIRECTORY && isAbsolute(CACHE_DIRECTORY)) return CACHE_DIRECTORY;
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "ntpkit");
  if (process.platform === "win32") return LOCALAPPDATA ? join(LOCALAPPDATA, "ntpkit") : null;
  return HOME && isAbsolute(HOME) ? join(HOME, ".cache", "ntpkit") : null;
}

/** Windows has no such owners; there the folder is the user's. */
function isOwn({ uid, mode }) {
  return process.geteuid === undefined || (uid === process.geteuid() && (mode & OTHERS_MAY_WRITE) === 0);
}

/** What a file has twice, behind its header. The second copy is read piece by piece: memory that was never touched takes its time, too. */
function payloadOf(fd, size, header) {
  const length = (size - header.length) / 2;
  if (!(length > 0) || !Number.isInteger(length)) return undefined;
  const first = Buffer.allocUnsafeSlow(header.length + length);
  if (fs.readSync(fd, first) !== first.length || first.latin1Slice(0, header.length) !== header) return undefined;
  const data = first.subarray(header.length);
  const piece = Buffer.allocUnsafeSlow(Math.min(length, PIECE));
  for (let at = 0; at < length; at += piece.length) {
    const wanted = Math.min(piece.length, length - at);
    if (fs.readSync(fd, piece, 0, wanted) !== wanted) return undefined;
    if (piece.compare(data, at, at + wanted, 0, wanted) !== 0) return undefined;
  }
  return data;
}

module.exports = { Compiled };
