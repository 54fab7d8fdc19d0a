/**
 * The daemons and tools the lab measures against, fetched by package name through the machine's own package manager and
 * unpacked beside each other (installed they conflict). Nothing is installed, and the machine's apt is not changed: what
 * comes from another release than the machine's goes through a sources list, state and cache of the lab's own.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { must, run } from "./processes.ts";

/** A family of programs that one unpacked folder holds. */
export type PeerName =
  | "chrony"
  | "ntpsec"
  | "openntpd"
  | "classic"
  | "dnsmasq"
  | "smcroute"
  | "systemd"
  | "prometheus"
  | "plugins"
  | "tshark"
  | "chromium"
  | "machine";

/** An unpacked peer. */
export interface Peer {
  readonly name: PeerName;
  /** Version of the first package, as the package manager writes it. */
  readonly version: string;
  /** The path of a program in it, such as "usr/sbin/chronyd". */
  path(program: string): string;
  /** Environment its programs need to find their libraries. */
  readonly env: Readonly<Record<string, string>>;
}

/** What could be had, and why the rest could not. */
export interface Peers {
  readonly had: ReadonlyMap<PeerName, Peer>;
  readonly missing: ReadonlyMap<PeerName, string>;
}

const FOLDER = fileURLToPath(new URL(".peers", import.meta.url));

/** The release whose archive still has ntp.org's own daemon; later ones have NTPsec under its name. */
const CLASSIC_RELEASE = "bullseye";

const PACKAGES: Readonly<Record<PeerName, readonly string[]>> = {
  chrony: ["chrony"],
  ntpsec: ["ntpsec", "ntpsec-ntpdate", "ntpsec-ntpdig", "python3-ntp"],
  openntpd: ["openntpd"],
  dnsmasq: ["dnsmasq-base"],
  smcroute: ["smcroute"],
  plugins: ["monitoring-plugins-basic"],
  tshark: ["tshark"],
  systemd: ["systemd"],
  chromium: ["chromium-headless-shell"],
  machine: [
    "qemu-system-x86",
    "qemu-system-common",
    "qemu-system-data",
    "seabios",
    "linux-image-cloud-amd64",
    "busybox-static",
  ],
  prometheus: ["prometheus", "prometheus-node-exporter"],
  classic: ["ntp", "ntpdate", "sntp", "libssl1.1", "libopts25", "libevent-core-2.1-7", "libevent-pthreads-2.1-7"],
};

/** Fetches what is not there yet. A peer that cannot be had is named with the reason. */
export async function fetchPeers(wanted: readonly PeerName[]): Promise<Peers> {
  const had = new Map<PeerName, Peer>();
  const missing = new Map<PeerName, string>();
  for (const name of wanted) {
    try {
      had.set(name, await fetchPeer(name));
    } catch (error) {
      missing.set(name, error instanceof Error ? error.message : String(error));
    }
  }
  return { had, missing };
}

async function fetchPeer(name: PeerName): Promise<Peer> {
  const folder = `${FOLDER}/${name}`;
  const stamp = `${folder}/.complete`;
  if (!existsSync(stamp)) {
    await rm(folder, { recursive: true, force: true });
    const archives = `${folder}/.archives`;
    await mkdir(`${archives}/partial`, { recursive: true });
    if (name === "classic") await downloadFromRelease(CLASSIC_RELEASE, PACKAGES[name], archives);
    else if (name === "prometheus") await downloadAlone(PACKAGES[name], archives);
    else await download(PACKAGES[name], archives);
    await unpack(archives, folder);
    if (name === "ntpsec") await placePythonLibrary(folder);
    await writeFile(stamp, await versionOf(archives, PACKAGES[name][0] ?? name));
    await rm(archives, { recursive: true });
  }
  return {
    name,
    version: await readFile(stamp, "utf8"),
    path: (program) => `${folder}/${program}`,
    env: await environment(folder),
  };
}

/** From the running release: the packages, and those of their libraries that the machine does not have. */
async function download(packages: readonly string[], archives: string): Promise<void> {
  const options = [`Dir::Cache::archives=${archives}`, "APT::Sandbox::User=root", "Debug::NoLocking=1"];
  const command = ["apt-get", "install", "--download-only", "--reinstall", "--yes", "--no-install-recommends"];
  const set = options.flatMap((option) => ["-o", option]);
  await must([...command, ...set, ...packages], { timeout: 300 });
}

/** From the running release, the packages only: what they depend on are fonts and scripts of pages nobody looks at here. */
async function downloadAlone(packages: readonly string[], archives: string): Promise<void> {
  await must(["apt-get", "-o", "APT::Sandbox::User=root", "download", ...packages], { timeout: 300, cwd: archives });
}

/** From another release of the mirror the machine is configured with. */
async function downloadFromRelease(release: string, packages: readonly string[], archives: string): Promise<void> {
  const failures: string[] = [];
  for (const mirror of await mirrors()) {
    const options = await privateApt(`${archives}/apt`, `deb ${mirror} ${release} main\n`);
    const update = await run(["apt-get", ...options, "update"], { timeout: 300 });
    if (update.code !== 0) failures.push(`${release} from the configured mirror: ${update.stderr.trim()}`);
    else {
      await must(["apt-get", ...options, "download", ...packages], { timeout: 300, cwd: archives });
      return;
    }
  }
  throw new Error(failures.join("\n") || "no package mirror is configured");
}

/** Base addresses of the machine's main archive, from whatever files and formats its sources are in. */
async function mirrors(): Promise<readonly string[]> {
  const format = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)";
  const listed = await must(["apt-get", "indextargets", "--format", format, "Created-By: Packages"]);
  const found = new Set<string>();
  for (const line of listed.split("\n")) {
    const [, label, component, address] = line.split("|");
    if (label === "Debian" && component === "main" && address) found.add(address);
  }
  return [...found];
}

/** Options that give apt-get its own sources, lists, cache and an empty status, keeping the machine's proxies and keys. */
async function privateApt(folder: string, sources: string): Promise<readonly string[]> {
  await mkdir(`${folder}/lists/partial`, { recursive: true });
  await writeFile(`${folder}/sources.list`, sources);
  await writeFile(`${folder}/status`, "");
  const settings = [
    `Dir::Etc::sourcelist=${folder}/sources.list`,
    "Dir::Etc::sourceparts=/dev/null",
    "Dir::Etc::preferences=/dev/null",
    "Dir::Etc::preferencesparts=/dev/null",
    `Dir::State::lists=${folder}/lists`,
    `Dir::State::status=${folder}/status`,
    "Dir::Cache::pkgcache=",
    "Dir::Cache::srcpkgcache=",
    "Acquire::Languages=none",
    "APT::Sandbox::User=root",
  ];
  return settings.flatMap((setting) => ["-o", setting]);
}

async function unpack(archives: string, folder: string): Promise<void> {
  const packages = (await readdir(archives)).filter((file) => file.endsWith(".deb"));
  if (packages.length === 0) throw new Error("the package manager downloaded nothing");
  for (const file of packages) await must(["dpkg", "-x", `${archives}/${file}`, folder]);
}

async function versionOf(archives: string, name: string): Promise<string> {
  const file = (await readdir(archives)).find((entry) => entry.startsWith(`${name}_`));
  return file === undefined ? "unknown" : (await must(["dpkg-deb", "-f", `${archives}/${file}`, "Version"])).trim();
}

/** NTPsec's Python tools look for their library beside them or in the installed place. */
async function placePythonLibrary(folder: string): Promise<void> {
  for (const libraries of await libraryFolders(folder)) {
    const library = `${libraries}/ntp/libntpc.so`;
    if (existsSync(library)) await symlink(library, `${folder}/usr/lib/python3/dist-packages/ntp/libntpc.so`);
  }
}

async function environment(folder: string): Promise<Readonly<Record<string, string>>> {
  const python = `${folder}/usr/lib/python3/dist-packages`;
  const libraries = await libraryFolders(folder);
  return {
    ...(libraries.length > 0 ? { LD_LIBRARY_PATH: libraries.join(":") } : {}),
    ...(existsSync(python) ? { PYTHONPATH: python } : {}),
  };
}

async function libraryFolders(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const base of [`${folder}/usr/lib`, `${folder}/lib`]) {
    const entries = existsSync(base) ? await readdir(base) : [];
    found.push(...entries.filter((entry) => entry.includes("-linux-")).map((entry) => `${base}/${entry}`));
  }
  // libpulse finds another of its own by a path that is not where it lies here.
  found.push(...found.map((folder) => `${folder}/pulseaudio`).filter((folder) => existsSync(folder)));
  return found;
}
