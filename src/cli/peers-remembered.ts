/** `ntpkit peers --state`: the servers as the runs of `sync --state` have left them for the next. */
import { UsageError } from "../config/usage.ts";
import { rememberedReport } from "../control/remembered.ts";
import { statePath } from "../state/place.ts";
import { head, hostDocument, type HostAnswer } from "../view/daemon-document.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { rememberedDocument, rememberedLines } from "../view/recalled.ts";
import { stateWarningText } from "../view/warnings.ts";
import { exitCode, failureLine } from "./exit.ts";
import type { Io } from "./io.ts";
import { unixNow } from "./measure.ts";
import { peersText } from "./peers.ts";
import { openState } from "./state.ts";
import type { OptionsOf } from "./options/offers.ts";

const TITLE = "ntpkit peers";

/**
 * Shows what is remembered; nothing is asked, and the file is left as it is.
 * @returns the exit code
 * @throws UsageError
 */
export async function showRemembered(hosts: readonly string[], options: OptionsOf<"peers">, io: Io): Promise<number> {
  if (hosts.length > 0)
    throw new UsageError(
      "--state shows what is remembered here, and no host is asked",
      "leave the host out, or --state",
    );
  const path = typeof options.state === "string" ? options.state : statePath();
  const recalled = openState(path).look();
  const { memory, warning } = recalled;
  const { remembered } = memory;
  const failure: FailureDocument | null =
    warning !== null
      ? { code: "unavailable", message: stateWarningText(warning), hint: null }
      : remembered === undefined
        ? {
            code: "unavailable",
            message: `${path}: no servers are remembered there`,
            hint: "sync --state remembers them",
          }
        : null;
  const answer: HostAnswer = {
    host: path,
    report: remembered === undefined ? null : rememberedReport(path, remembered, unixNow()),
    failure,
    reselection: null,
  };
  if (options.json === true) {
    const document = {
      ...hostDocument(answer),
      ...(failure === null ? { remembered: rememberedDocument(recalled) } : {}),
    };
    io.out.write(documentText({ ...head("peers", failure), hosts: [document] }, io.out.isTerminal));
  } else if (failure === null && options.quiet !== true) {
    io.out.write(await peersText([answer], { ...options, all: true }, io));
    io.out.write(
      rememberedLines(path, recalled)
        .map((line) => `${line}\n`)
        .join(""),
    );
  }
  if (failure !== null) io.err.write(failureLine(TITLE, failure));
  return exitCode(failure?.code ?? "ok");
}
