/**
 * Packs the executables as Debian packages: `release/ntpkit_VERSION_ARCH.deb`. The texts of a package are in `debian/` beside
 * this file; what depends on the build is made here. The units are those of `man/examples/systemd`, which nobody enables but the
 * administrator, with a user of the package's own in place of systemd's dynamic one.
 */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { place, version } from "../build/places.mjs";
import { must } from "./tools.mjs";

/** Debian's word for a processor by Node's. */
const ARCHITECTURES = { x64: "amd64", arm64: "arm64" };
const SHELLS = {
  bash: "usr/share/bash-completion/completions/ntpkit",
  zsh: "usr/share/zsh/vendor-completions/_ntpkit",
  fish: "usr/share/fish/vendor_completions.d/ntpkit.fish",
};
const DOC = "usr/share/doc/ntpkit";
const LIB = "usr/lib/ntpkit";

/** When it is packed, which those who pack the same again may name; whole seconds. */
const moment = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? Math.floor(Date.now() / 1000)) * 1000);
const texts = new URL("debian/", import.meta.url);

for (const [arch, architecture] of Object.entries(ARCHITECTURES)) {
  const program = place(`release/ntpkit-${version}-linux-${arch}`);
  if (existsSync(program)) pack(program, arch, architecture);
}

function pack(program, arch, architecture) {
  const root = place(`release/parts/deb-${architecture}/`);
  rmSync(root, { recursive: true, force: true });
  install(root, program, arch);
  describe(root, architecture);
  date(root);
  const output = place(`release/ntpkit_${version}_${architecture}.deb`);
  must("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", root, output], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(moment.getTime() / 1000) },
  });
  process.stdout.write(`${output}\n`);
}

/** What is installed. */
function install(root, program, arch) {
  copy(program, `${root}${LIB}/ntpkit`, 0o755);
  copy(place(`release/parts/koffi-${arch}.node`), `${root}${LIB}/koffi.node`, 0o644);
  link("../lib/ntpkit/ntpkit", `${root}usr/bin/ntpkit`);
  manual(root);
  for (const [shell, path] of Object.entries(SHELLS))
    write(`${root}${path}`, must(process.execPath, [place("bin/ntpkit.js"), "completion", shell]));
  for (const name of readdirSync(place("man/examples/systemd")))
    write(`${root}usr/lib/systemd/system/${name}`, unit(readFileSync(place(`man/examples/systemd/${name}`), "utf8")));
  copy(textOf("sysusers.conf"), `${root}usr/lib/sysusers.d/ntpkit.conf`);
  copy(textOf("ntpkit.conf"), `${root}etc/ntpkit.conf`);
  documents(root);
}

/** A unit as the package has it: its user is there, and so is its program. */
function unit(text) {
  const user = text.includes("User=ntpkit") ? "" : "User=ntpkit";
  return text
    .replaceAll("/usr/bin/env ntpkit", "/usr/bin/ntpkit")
    .replace("DynamicUser=yes", user)
    .replaceAll(/\n{3,}/g, "\n\n");
}

function manual(root) {
  const folder = `${root}usr/share/man/man1/`;
  for (const name of readdirSync(place("man")).filter((one) => one.endsWith(".1")))
    write(`${folder}${name}.gz`, gzipped(readFileSync(place(`man/${name}`))));
  for (const name of readdirSync(place("man/aliases"))) link("ntpkit-questions.1.gz", `${folder}${name}.gz`);
}

function documents(root) {
  const doc = `${root}${DOC}/`;
  const licence = readFileSync(place("LICENSE"), "utf8").split("\n\n").slice(2).join("\n\n").trim();
  const paragraphs = licence.split("\n").map((line) => (line === "" ? " ." : ` ${line}`));
  write(`${doc}copyright`, `${readFileSync(textOf("copyright"), "utf8").trimEnd()}\n${paragraphs.join("\n")}\n`);
  // Of Node, of what is bundled, and of koffi, each of which asks for its notice to go along.
  const notices = ["release/parts/LICENSE.node", "dist/LICENCES.txt", "node_modules/koffi/LICENSE.txt"];
  write(
    `${doc}NOTICES.gz`,
    gzipped(notices.map((path) => readFileSync(place(path), "utf8")).join(`\n${"=".repeat(72)}\n\n`)),
  );
  write(`${doc}changelog.gz`, gzipped(changelog()));
  write(`${doc}NEWS.gz`, gzipped(readFileSync(place("CHANGELOG.md"))));
  cpSync(place("man/examples"), `${doc}examples`, { recursive: true });
  copy(place("dist/schemas.json"), `${doc}schemas.json`);
  copy(textOf("lintian-overrides"), `${root}usr/share/lintian/overrides/ntpkit`);
}

function changelog() {
  const maintainer = /^Maintainer: (.*)$/m.exec(readFileSync(textOf("control"), "utf8"))[1];
  const day = moment.toUTCString().replace("GMT", "+0000");
  return `ntpkit (${version}) stable; urgency=medium\n\n  * See NEWS.\n\n -- ${maintainer}  ${day}\n`;
}

/** What dpkg is told. */
function describe(root, architecture) {
  const control = `${root}DEBIAN/`;
  const size = Math.ceil(Number(must("du", ["-sk", "--apparent-size", root]).split("\t")[0]));
  const fields = { Version: version, Architecture: architecture, "Installed-Size": size };
  write(
    `${control}control`,
    readFileSync(textOf("control"), "utf8").replaceAll(/@(.*?)@/g, (_, field) => String(fields[field])),
  );
  write(`${control}conffiles`, "/etc/ntpkit.conf\n");
  for (const script of ["postinst", "prerm", "postrm"]) copy(textOf(script), `${control}${script}`, 0o755);
  const sums = must("sh", ["-c", "find etc usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum"], { cwd: root });
  // The sum of a conffile is dpkg's own matter.
  write(`${control}md5sums`, sums.replace(/^.* etc\/.*\n/gm, ""));
}

/** Everything is of one moment, so that the same sources make the same package. */
function date(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) date(path);
    if (!entry.isSymbolicLink()) utimesSync(path, moment, moment);
  }
}

function textOf(name) {
  return new URL(name, texts).pathname;
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o644 });
}

function copy(from, to, mode = 0o644) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, mode);
}

function link(target, path) {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

function gzipped(text) {
  return gzipSync(text, { level: 9 });
}
