/** `ntpkit adopt`: another daemon's configuration, keys and frequency taken over. What is the other's is read, and never touched. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { adopt, ADOPTED, type Adoption } from "../config/adopt/adopt.ts";
import { DAEMON_NAMES, findDaemons, type FoundDaemon } from "../config/adopt/daemons.ts";
import { didYouMean } from "../config/suggest.ts";
import { UsageError } from "../config/usage.ts";
import { systemReason } from "../security/place.ts";
import { driftText, parseDrift } from "../state/drift.ts";
import { adoptDocument, adoptWords, type AdoptedFile } from "../view/adopt-document.ts";
import { documentText } from "../view/document.ts";
import { printableLines } from "../view/text.ts";
import { isAbsent, machineOf, writeAll, type NewFile } from "./adopt-files.ts";
import { exitCode } from "./exit.ts";
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
  const kept = isWritten ? writeAll(ours({ text, lost, frequency, files, ...plan }), root, options.force === true) : [];
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

/** @throws UsageError where it is no folder, as a relative one in a folder that was removed */
function rootOf(named: string): string {
  let root = named;
  try {
    root = resolve(named);
    if (statSync(root).isDirectory()) return root;
  } catch (error) {
    if (!isAbsent(error)) throw new UsageError(`cannot look into ${root}: ${systemReason(error)}`);
    // Or the working directory has no name any more.
  }
  throw new UsageError(`there is no folder ${root}`, "--root names where a system's files are");
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

/** What is to be in our files. */
function ours({ text, isSecret, keys, frequency, files }: Plan): readonly NewFile[] {
  const texts = { configuration: text, keys: keys?.text ?? "", drift: driftText(frequency ?? 0) };
  return files.map(({ path, what }) => ({
    path,
    text: texts[what],
    isSecret: what === "keys" || (what === "configuration" && isSecret),
  }));
}
