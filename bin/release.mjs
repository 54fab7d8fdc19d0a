/**
 * `npm run release`: all checks, then everything that is published, into `release/`, with its digests; nothing is published. In
 * order: the checks, the tests, the npm package, the executables, the Debian packages, lintian's word on them (where there
 * is lintian), a trial of the one for this machine (as root), and SHA256SUMS. It ends at the first that fails.
 */
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { place, top, version } from "./build/places.mjs";

const DEB = { x64: "amd64", arm64: "arm64" }[process.arch];

cut();
// Of an earlier version nothing may be told as this one's.
rmSync(place("release"), { recursive: true, force: true });
mkdirSync(place("release"));
step("npm", ["run", "check"]);
step("npx", ["vitest", "run", "--config", "test/vitest.config.ts"]);
step("npm", ["run", "pack:deb"]);
step("npm", ["pack", "--ignore-scripts", "--pack-destination", "release"]);
const debs = published().filter((name) => name.endsWith(".deb"));
if (has("lintian")) step("lintian", ["--fail-on", "error", ...debs.map((name) => `release/${name}`)]);
else left("lintian is not here");
if (process.geteuid?.() === 0) step("bash", ["bin/pack/try-deb.sh", `release/ntpkit_${version}_${DEB}.deb`]);
else left("the package is tried by root only");
writeFileSync(
  place("release/SHA256SUMS"),
  published()
    .map((name) => `${digest(name)}  ${name}\n`)
    .join(""),
);
process.stdout.write(readFileSync(place("release/SHA256SUMS"), "utf8"));

/** A version that is released has its own heading in the changelog. */
function cut() {
  if (readFileSync(place("CHANGELOG.md"), "utf8").includes(`\n## [${version}]`)) return;
  left(`CHANGELOG.md has no heading for ${version}: what is built is a trial`);
}

function step(program, args) {
  process.stdout.write(`\n== ${program} ${args.join(" ")}\n`);
  const { status } = spawnSync(program, args, { cwd: top, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

function left(why) {
  process.stdout.write(`\n== left out: ${why}\n`);
}

function has(program) {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}

function published() {
  return readdirSync(place("release"), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "SHA256SUMS")
    .map(({ name }) => name)
    .toSorted();
}

function digest(name) {
  return createHash("sha256")
    .update(readFileSync(place(`release/${name}`)))
    .digest("hex");
}
