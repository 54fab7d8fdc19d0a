/**
 * Packs the built command as executables, one for each processor: `release/ntpkit-VERSION-linux-ARCH`. Node is that of the
 * registry's packages, of one version and with these contents only; koffi's binary, the manual and compiled code are inside.
 */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { common, place, version } from "../build/places.mjs";
import { freePort, must } from "./tools.mjs";

const NODE = "24.22.3";
/** By Node's word for a processor: what npm says of the package, and who takes symbols out of a program for it. */
const MACHINES = {
  x64: {
    integrity: "sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==",
    strip: "x86_64-linux-gnu-strip",
  },
  arm64: {
    integrity: "sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==",
    strip: "aarch64-linux-gnu-strip",
  },
};
/** What is compiled of these is inside. */
const COMPILED = ["sync", "query", "peers", "check", "now", "trace", "wait", "run"];

const work = place("release/parts/");
const asked = process.argv.slice(2);
mkdirSync(work, { recursive: true });
await bundleStart();
for (const arch of asked.length > 0 ? asked : Object.keys(MACHINES)) await pack(arch);

/** What begins in the executable. */
async function bundleStart() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [place("bin/exe.js")],
    outfile: `${work}main.cjs`,
    format: "cjs",
  });
  writeFileSync(`${work}main.cjs`, outputFiles[0].contents);
}

async function pack(arch) {
  const node = nodeFor(arch);
  const koffi = koffiFor(arch);
  copyFileSync(koffi, `${work}koffi-${arch}.node`);
  const output = place(`release/ntpkit-${version}-linux-${arch}`);
  make(arch, node, output, assets(koffi, {}));
  // Only its own kind can say what it compiles.
  if (arch === process.arch) make(arch, node, output, assets(koffi, await compiledBy(output)));
  process.stdout.write(`${output}\n`);
}

function make(arch, node, output, all) {
  const config = `${work}${arch}.json`;
  const settings = {
    main: `${work}main.cjs`,
    output: `${work}${arch}.blob`,
    disableExperimentalSEAWarning: true,
    useCodeCache: false,
    useSnapshot: false,
    execArgvExtension: "none",
    assets: all,
  };
  writeFileSync(config, JSON.stringify(settings));
  must(nodeFor(process.arch), ["--experimental-sea-config", config]);
  copyFileSync(node, output);
  const fuse = ["--sentinel-fuse", "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2"];
  must(process.execPath, [
    place("node_modules/postject/dist/cli.js"),
    output,
    "NODE_SEA_BLOB",
    settings.output,
    ...fuse,
  ]);
}

function assets(koffi, compiled) {
  const pages = readdirSync(place("man")).filter((name) => name.endsWith(".1"));
  return {
    "ntpkit.cjs": place("dist/bin/ntpkit.cjs"),
    "koffi.node": koffi,
    ...Object.fromEntries(pages.map((name) => [`man/${name}`, place(`man/${name}`)])),
    ...compiled,
  };
}

/** A Node of the registry without its symbols. */
function nodeFor(arch) {
  const { strip, integrity } = MACHINES[arch];
  const stripped = `${work}node-${NODE}-${arch}`;
  if (existsSync(stripped)) return stripped;
  const folder = unpacked(`node-linux-${arch}@${NODE}`, integrity);
  copyFileSync(`${folder}/bin/node`, `${stripped}.new`);
  if (spawnSync(strip, [`${stripped}.new`]).status !== 0)
    process.stderr.write(`no ${strip}: the executable keeps Node's symbols\n`);
  copyFileSync(`${folder}/LICENSE`, place("release/parts/LICENSE.node"));
  must("mv", [`${stripped}.new`, stripped]);
  return stripped;
}

/** koffi's binary, of the version that is installed. */
function koffiFor(arch) {
  const path = `linux_${arch}/koffi.node`;
  const installed = place(`node_modules/@koromix/koffi-linux-${arch}/${path}`);
  if (existsSync(installed)) return installed;
  const name = `@koromix/koffi-linux-${arch}`;
  const koffi = JSON.parse(readFileSync(place("node_modules/koffi/package.json"), "utf8")).version;
  const lock = JSON.parse(readFileSync(place("package-lock.json"), "utf8"));
  return `${unpacked(`${name}@${koffi}`, lock.packages[`node_modules/${name}`].integrity)}/${path}`;
}

/** The folder of a package of the registry, if its contents are those that they must be. */
function unpacked(name, integrity) {
  const [got] = JSON.parse(must("npm", ["pack", name, "--json", "--pack-destination", work]));
  if (got.integrity !== integrity) throw new Error(`${name} is not what it was: ${got.integrity}`);
  const folder = join(work, `package-${name.replaceAll(/[^\w.-]/g, "-")}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  must("tar", ["-xzf", join(work, got.filename), "-C", folder, "--strip-components=1"]);
  rmSync(join(work, got.filename));
  return folder;
}

/** Runs commands for what is compiled of them, against a server of our own; twice, for what the first leaves, the second adds to. */
async function compiledBy(program) {
  const cache = join(work, "cache");
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache);
  const env = { ...process.env, CACHE_DIRECTORY: cache };
  const at = `127.0.0.1:${await freePort()}`;
  const [address, port] = at.split(":");
  const words = ["serve", "--address", address, "--port", port, "--local-stratum", "3"];
  const server = spawn(program, words, { stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 });
  await new Promise((ready) => server.stdout.once("readable", ready));
  for (const command of COMPILED) {
    const rest = { sync: [at, "--dry-run", "--samples", "1"], wait: ["--timeout", "0s"], run: ["--check"] };
    spawnSync(program, [command, ...(rest[command] ?? [at])], { env, stdio: "ignore", timeout: 30_000 });
  }
  server.kill();
  const found = readdirSync(cache).filter((name) => COMPILED.includes(name.split("-")[0]));
  return Object.fromEntries(found.map((name) => [`${name.split("-")[0]}.cache`, payload(join(cache, name))]));
}

/** What an executable has inside needs no header, and is there once; see `../compiled.js`. */
function payload(path) {
  const contents = readFileSync(path);
  const header = contents.indexOf("\n") + 1;
  writeFileSync(path, contents.subarray(header, header + (contents.length - header) / 2));
  return path;
}
