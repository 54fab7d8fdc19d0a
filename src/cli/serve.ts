/** `ntpkit serve`: a server that goes on until it is told to stop. */
import { bareDocument, documentText } from "../view/document.ts";
import { paletteFor } from "./colors.ts";
import { exitCode, failureLine } from "./exit.ts";
import type { Io } from "./io.ts";
import { measure, thisMachine } from "./measure.ts";
import { NtsServed } from "./nts-served.ts";
import type { OptionsOf } from "./options/offers.ts";
import { prepareServe } from "./prepare-serve.ts";
import { ServeFace } from "./serve-face.ts";
import { session } from "./session.ts";

/**
 * Runs the server until a signal ends it, which is how it ends well.
 * @returns the exit code
 * @throws UsageError
 */
export async function runServe(servers: readonly string[], options: OptionsOf<"serve">, io: Io): Promise<number> {
  const machine = thisMachine();
  const served = new NtsServed();
  const prepared = await prepareServe(servers, options, machine, io, served.facts);
  const { config, warnings, keyring, trust, control, nts, autokeyAnswering } = prepared;
  for (const warning of warnings) io.err.write(`ntpkit serve: warning: ${warning}\n`);
  const warn = (text: string | null): void => {
    if (text !== null) io.err.write(`ntpkit serve: warning: ${text}\n`);
  };
  await served.serve(nts, (_matter, text) => warn(text));
  const face = new ServeFace(config, served.service, options, io, await paletteFor(io.out, io.env, options.color));
  const renew = (): void => served.service?.renew();
  if (served.service !== null) process.on("SIGHUP", renew);
  const { answering } = served;
  try {
    await session(face, options, io, (watch) =>
      measure({ ...watch, config, keyring, trust, machine, control, answering, autokeyAnswering }),
    );
  } finally {
    process.off("SIGHUP", renew);
    served.close();
  }
  const { failure } = face;
  if (failure === null) return exitCode("ok");
  if (options.json === true) io.out.write(documentText(bareDocument("serve", failure), false));
  io.err.write(failureLine("ntpkit serve", failure));
  return exitCode(failure.code);
}
