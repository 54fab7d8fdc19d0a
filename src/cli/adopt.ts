/** `ntpkit adopt`: another daemon's configuration, keys and frequency taken over. What is the other's is read, and never touched. */
import { chownSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { adopt, ADOPTED, type Adoption } from "../config/adopt/adopt.ts";
import { DAEMON_NAMES, findDaemons, type FoundDaemon, type MachineFiles } from "../config/adopt/daemons.ts";
import { didYouMean } from "../config/suggest.ts";
import { UsageError } from "../config/usage.ts";
import { writeKeyFile } from "../security/keygen.ts";
import { systemReason } from "../security/place.ts";
import { LARGEST, readText } from "../security/readfile.ts";
import { parseDrift, writeDrift } from "../state/drift.ts";
import { adoptDocument, adoptWords, type AdoptedFile } from "../view/adopt-document.ts";
import { documentText } from "../view/document.ts";
import { printableLines } from "../view/text.ts";
import { CommandFailure, exitCode } from "./exit.ts";
import { type Io, sayLine } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";

/** What is to be written, and whence it is. */
interface Plan extends Adoption {
  /** s/s */
  readonly frequency: number | null;
  readonly files: readonly AdoptedFile[];
}

/**
 * Prints what would be written, or writes it.
 * @param named the daemon to take; null: the one that is enabled, else the first that is configured
 * @returns the exit code
 * @throws UsageError where there is none, or a file is there already; CommandFailure
 */
export function runAdopt(named: string | null, options: OptionsOf<"adopt">, io: Io): number {
  const root = rootOf(options.root ?? "/");
  const machine = machineOf(root);
  const found = findDaemons(machine);
  const taken = chosen(named, found, root);
  const { text, lost, frequency, files, ...plan } = planned(adopt(taken, machine), taken);
  const isWritten = options.write === true;
  const kept = isWritten ? write({ text, lost, frequency, files, ...plan }, root, options.force === true) : [];
  const document = adoptDocument({
    root,
    found,
    taken: taken.daemon,
    text,
    lost,
    // As files have it: to a millionth of a part per million.
    frequency: frequency === null ? null : Math.round(frequency * 1e12) / 1e6,
    files,
    written: isWritten,
    kept,
  });
  if (options.json === true) io.out.write(documentText(document, io.out.isTerminal));
  else if (!isWritten) io.out.write(printableLines(text));
  if (options.json !== true && options.quiet !== true)
    for (const line of adoptWords(document)) sayLine(io.err, `ntpkit adopt: ${line}`);
  return exitCode("ok");
}

/** @throws UsageError where it is not there, as a relative one in a folder that was removed */
function rootOf(named: string): string {
  let root = named;
  try {
    root = resolve(named);
    if (isThere(root)) return root;
  } catch {
    // The working directory has no name any more.
  }
  throw new UsageError(`there is no folder ${root}`, "--root names where a system's files are");
}

/** The machine below a folder: what leads out of it is not there. */
function machineOf(root: string): MachineFiles {
  const inside = (path: string): string => {
    const real = realpathSync(join(root, path));
    const top = realpathSync(root);
    if (!real.startsWith(top.endsWith(sep) ? top : top + sep))
      throw new Error("EXDEV: it leads out of the root, realpath");
    return real;
  };
  return {
    exists: (path) => isThere(join(root, path)),
    read: (path) => readText(inside(path), LARGEST.configuration),
    list: (folder) => readdirSync(inside(folder)),
  };
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function chosen(named: string | null, found: readonly FoundDaemon[], root: string): FoundDaemon {
  if (named !== null && !DAEMON_NAMES.some((name) => name === named))
    throw new UsageError(
      `no daemon "${named}" is known`,
      didYouMean(named, DAEMON_NAMES) ?? `known are ${DAEMON_NAMES.join(", ")}`,
    );
  const one = found.find(({ daemon }) => named === null || daemon === named);
  if (one !== undefined) return one;
  const others = found.map(({ daemon }) => daemon).join(", ");
  throw new UsageError(
    `${named ?? "no time daemon"} is ${named === null ? "" : "not "}configured below ${root}`,
    others === "" ? `looked for ${DAEMON_NAMES.join(", ")}` : `configured: ${others}`,
  );
}

function planned(adoption: Adoption, { config }: FoundDaemon): Plan {
  const { keys, drift } = adoption;
  const frequency = drift === null ? null : parseDrift(drift.text, drift.form);
  const lost = drift !== null && frequency === null ? [`${drift.from}: that is no frequency`] : [];
  const files: AdoptedFile[] = [];
  if (keys !== null) files.push({ path: ADOPTED.keys, what: "keys", from: keys.from });
  if (drift !== null && frequency !== null) files.push({ path: ADOPTED.drift, what: "drift", from: drift.from });
  // Last: whoever reads it finds what it names.
  files.push({ path: ADOPTED.config, what: "configuration", from: config });
  return { ...adoption, lost: [...adoption.lost, ...lost], frequency, files };
}

/**
 * Writes everything, each file at once.
 * @returns where what was there before is kept
 */
function write(plan: Plan, root: string, force: boolean): readonly string[] {
  const there = plan.files.filter(({ path }) => isThere(join(root, path)));
  if (there.length > 0 && !force)
    throw new UsageError(
      `${there.map(({ path }) => path).join(" and ")} ${there.length === 1 ? "exists" : "exist"} already, and nothing was written`,
      "replace with --force, which keeps what is there with .old behind its name",
    );
  const kept = there.map(({ path }) => ({ path, old: unusedName(root, `${path}.old`) }));
  for (const { path, old } of kept) attempt(path, () => renameSync(join(root, path), join(root, old)));
  for (const { path, what } of plan.files) attempt(path, () => writeOne(join(root, path), what, plan, root));
  return kept.map(({ old }) => old);
}

/** A name that nothing has: what was kept before stays, for it may be what somebody wrote by hand. */
function unusedName(root: string, path: string): string {
  let name = path;
  for (let count = 2; isThere(join(root, name)); count += 1) name = `${path}.${count}`;
  return name;
}

function writeOne(place: string, what: AdoptedFile["what"], { text, keys, frequency }: Plan, root: string): void {
  if (what === "keys") return placeSecret(place, keys!.text, root);
  if (what === "configuration") return placeText(place, text, 0o644);
  mkdirSync(dirname(place), { recursive: true });
  const why = writeDrift(place, frequency!);
  if (why !== null) throw new Error(why);
}

/** For root, and where there is one for the daemon's own group. */
function placeSecret(place: string, text: string, root: string): void {
  const group = groupOf(root);
  placeText(place, text, group === null ? 0o600 : 0o640);
  if (group !== null) chownSync(place, 0, group);
}

function placeText(place: string, text: string, mode: number): void {
  const done = writeKeyFile(place, text, { force: false, mode });
  if (done.kind === "failed") throw new Error(done.why);
  if (done.kind === "exists") throw new Error("somebody else has just written it");
}

/** The group of the daemon's user, as the package makes it. */
function groupOf(root: string): number | null {
  try {
    const [, number] = /^ntpkit:[^:]*:(\d+):/m.exec(machineOf(root).read("/etc/group")) ?? [];
    return number === undefined ? null : Number(number);
  } catch {
    return null;
  }
}

/** @throws CommandFailure */
function attempt(path: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw new CommandFailure({
      code: "permission",
      message: `cannot write ${path}: ${systemReason(error)}`,
      hint: "be root, or name the root of another machine with --root",
    });
  }
}
