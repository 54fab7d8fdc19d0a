/**
 * What the virtual machine boots: Debian's own kernel, and a root file system made here and held in its memory: busybox,
 * this Node, ntpkit as it is installed, and the daemons of others with the libraries they need.
 */
import { chmod, copyFile, cp, mkdir, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { NTPKIT } from "../ntpkit.ts";
import type { Peer } from "../peers.ts";
import { must } from "../processes.ts";

/** What qemu is given. */
export interface Image {
  readonly qemu: readonly string[];
  readonly kernel: string;
  readonly root: string;
}

/** Modules of the network card and of the bus it is on, under `kernel/`. */
const MODULES = [
  "drivers/virtio/virtio.ko",
  "drivers/virtio/virtio_ring.ko",
  "drivers/virtio/virtio_pci_legacy_dev.ko",
  "drivers/virtio/virtio_pci_modern_dev.ko",
  "drivers/virtio/virtio_pci.ko",
  "net/core/failover.ko",
  "drivers/net/net_failover.ko",
  "drivers/net/virtio_net.ko",
];

const FOLDERS = ["bin", "dev", "proc", "sys", "tmp", "run", "etc", "lib64", "modules", "var/lib", "opt/ntpkit"];

let made: Promise<Image> | undefined;

/** Makes the image, once for all machines. */
export function image(folder: string, machine: Peer, chrony: Peer): Promise<Image> {
  return (made ??= make(folder, machine, chrony));
}

async function make(folder: string, machine: Peer, chrony: Peer): Promise<Image> {
  const root = `${folder}/root`;
  for (const name of FOLDERS) await mkdir(`${root}/${name}`, { recursive: true });
  const busybox = machine.path("bin/busybox");
  await copyFile(busybox, `${root}/bin/busybox`);
  await writeFile(`${root}/etc/passwd`, "root:x:0:0::/:/bin/sh\n");
  await writeFile(`${root}/etc/group`, "root:x:0:\n");
  await copyFile(fileURLToPath(new URL("init.sh", import.meta.url)), `${root}/init`);
  await chmod(`${root}/init`, 0o755);
  await must(["gcc", "-O2", "-Wall", "-Wextra", "-static", "-o", `${root}/bin/told`, source("clock.c")]);
  const kernel = await modules(machine, `${root}/modules`);
  await program(root, process.execPath, "bin/node", {});
  await mkdir(`${root}/lib/x86_64-linux-gnu`, { recursive: true });
  await program(root, chrony.path("usr/sbin/chronyd"), "bin/chronyd", chrony.env);
  await ntpkit(`${root}/opt/ntpkit`);
  const archive = `${folder}/root.cpio`;
  await must(["sh", "-c", `cd ${root} && find . | ${busybox} cpio -o -H newc > ${archive}`]);
  await rm(root, { recursive: true });
  return { qemu: qemu(machine), kernel, root: archive };
}

function source(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Copies the modules of the network; returns the kernel they belong to. */
async function modules(machine: Peer, into: string): Promise<string> {
  const [release = ""] = await readdir(machine.path("lib/modules"));
  for (const module of MODULES) {
    await copyFile(machine.path(`lib/modules/${release}/kernel/${module}`), `${into}/${basename(module)}`);
  }
  return machine.path(`boot/vmlinuz-${release}`);
}

/** Copies a program and the libraries it is loaded with to the places where it looks for them. */
async function program(
  root: string,
  file: string,
  place: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await copyFile(await realpath(file), `${root}/${place}`);
  const listed = await must(["ldd", file], { env });
  for (const [, library = ""] of listed.matchAll(/(\/\S+) \(0x/g)) {
    const loader = library.startsWith("/lib64/");
    const target = loader ? `${root}${library}` : `${root}/lib/x86_64-linux-gnu/${basename(library)}`;
    await mkdir(dirname(target), { recursive: true });
    await copyFile(await realpath(library), target);
  }
}

/** ntpkit as npm installs it, as far as it is needed to run. */
async function ntpkit(into: string): Promise<void> {
  const here = dirname(dirname(NTPKIT));
  for (const part of ["bin", "dist", "package.json"])
    await cp(`${here}/${part}`, `${into}/${part}`, { recursive: true });
  for (const part of ["koffi", "@koromix"]) {
    await cp(`${here}/node_modules/${part}`, `${into}/node_modules/${part}`, { recursive: true });
  }
}

/** Plain emulation: the same everywhere, whether or not the machine can do better. */
function qemu(machine: Peer): readonly string[] {
  const firmware = ["usr/share/qemu", "usr/share/seabios"].flatMap((folder) => ["-L", machine.path(folder)]);
  const places = { ...machine.env, QEMU_MODULE_DIR: machine.path("usr/lib/x86_64-linux-gnu/qemu") };
  const variables = Object.entries(places).map(([name, value]) => `${name}=${value}`);
  return ["env", ...variables, machine.path("usr/bin/qemu-system-x86_64"), "-accel", "tcg", ...firmware];
}
