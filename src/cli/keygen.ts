/** `ntpkit keygen`: new symmetric keys, printed or written where only their owner can read them; those of Autokey are `keygen-autokey.ts`'s. */
import { randomBytes } from "node:crypto";
import { UsageError } from "../config/usage.ts";
import { KEY_ID_LIMIT } from "../security/keyids.ts";
import { generateKeys, octetsNeeded, writeKeyFile, type KeyRequest } from "../security/keygen.ts";
import { realFiles } from "../state/files.ts";
import { sweepLeftovers } from "../state/leftovers.ts";
import { documentText, schemaName } from "../view/document.ts";
import { counted } from "../view/text.ts";
import { CommandFailure, exitCode } from "./exit.ts";
import type { Io } from "./io.ts";
import { GROUPS, type OptionsOf } from "./options/offers.ts";
import { propertyOf } from "./options/row.ts";
import { ROWS } from "./options/rows.ts";

/**
 * Makes keys.
 * @param file `null`: print them
 * @returns the exit code
 * @throws UsageError, CommandFailure
 */
export async function runKeygen(file: string | null, options: OptionsOf<"keygen">, io: Io): Promise<number> {
  if (isForAutokey(options)) return await (await import("./keygen-autokey.ts")).runKeygenAutokey(file, options, io);
  const request: KeyRequest = {
    algorithm: options.type ?? "AES128CMAC",
    count: options.count ?? 1,
    firstId: options.firstId ?? 1,
    format: options.format ?? "ntp",
  };
  const last = request.firstId + request.count - 1;
  if (last > KEY_ID_LIMIT)
    throw new UsageError(`the last key would have the identifier ${last}`, `identifiers go up to ${KEY_ID_LIMIT}`);
  const text = generateKeys(request, randomBytes(octetsNeeded(request)));
  if (file !== null) writeKeys(file, text, options.force ?? false);
  if (options.json === true) io.out.write(documentText(keysDocument(file, request, text), io.out.isTerminal));
  else if (file === null) io.out.write(text);
  if (file !== null && options.quiet !== true && options.json !== true) {
    io.err.write(
      `ntpkit keygen: wrote ${counted(request.count, "key")} to ${file}; give the other end the same lines, and tell nobody else\n`,
    );
  }
  return exitCode("ok");
}

/** Whether the keys are to be Autokey's. @throws UsageError for an option that is for those, where they are not */
export function isForAutokey(options: OptionsOf<"keygen">): boolean {
  if (options.autokey !== undefined) return true;
  const given = GROUPS.keygenAutokey.rows.find((row) => Object.hasOwn(options, propertyOf(ROWS[row].flag)));
  if (given !== undefined)
    throw new UsageError(`${ROWS[given].flag} is for keys of Autokey`, "name their folder with --autokey");
  return false;
}

/**
 * Writes a key file.
 * @throws UsageError where there is one already; CommandFailure
 */
export function writeKeys(file: string, text: string, force: boolean): void {
  // What a run that was killed has left of its keys is nobody's.
  sweepLeftovers(realFiles, file);
  const done = writeKeyFile(file, text, { force });
  if (done.kind === "exists")
    throw new UsageError(`${file} exists already and was left alone`, "name another file, or replace it with --force");
  if (done.kind === "failed")
    throw new CommandFailure({
      code: "permission",
      message: `cannot write ${file}: ${done.why}`,
      hint: "name a file that you may write",
    });
}

function keysDocument(file: string | null, { count, firstId, algorithm }: KeyRequest, text: string): object {
  const keys = Array.from({ length: count }, (_, index) => ({ id: firstId + index, algorithm }));
  return {
    schema: schemaName("keygen"),
    ok: true,
    exitCode: exitCode("ok"),
    file,
    keys,
    text: file === null ? text : null,
  };
}
