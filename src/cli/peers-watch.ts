/** `ntpkit peers --watch`: the same again and again, in place on a terminal, one after the other elsewhere. */
import { peersDocument } from "../view/daemon-document.ts";
import { documentText } from "../view/document.ts";
import { Until } from "./asking.ts";
import { ASKING_DEFAULTS } from "./options/defaults.ts";
import { exitCode, failureLine } from "./exit.ts";
import type { Io } from "./io.ts";
import { pause } from "./pause.ts";
import { peersText, type Seen } from "./peers.ts";
import type { OptionsOf } from "./options/offers.ts";

/** Home, and clear what stands below; lines are cleared one by one so that nothing flickers. */
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const CLEAR_SCREEN = "\x1b[2J";

/**
 * Looks every `interval` seconds until a signal or `--deadline`, which is none unless given.
 * @returns the exit code
 */
export async function watchPeers(
  interval: number,
  options: OptionsOf<"peers">,
  io: Io,
  look: (until: Until) => Promise<Seen>,
): Promise<number> {
  const ends = new Until(io, options.deadline ?? Infinity);
  const inPlace = options.json !== true && io.out.isTerminal && io.env["TERM"] !== "dumb";
  if (inPlace) io.out.write(CLEAR_SCREEN);
  let first = true;
  try {
    while (!ends.signal.aborted) {
      const began = performance.now();
      const seen = await within(ends, look, io);
      if (ends.signal.aborted) break;
      if (options.json === true) io.out.write(documentText(peersDocument(seen.answers, seen.failure), false));
      else {
        const failed = seen.answers
          .flatMap(({ failure }) => (failure === null ? [] : [failureLine("ntpkit peers", failure)]))
          .join("");
        const text = (await peersText(seen.answers, options, io)) + failed;
        io.out.write(
          inPlace ? `${HOME}${text.replaceAll("\n", `${CLEAR_LINE}\n`)}${CLEAR_BELOW}` : `${first ? "" : "\n"}${text}`,
        );
      }
      first = false;
      await pause(interval - (performance.now() - began) / 1000, ends.signal);
    }
  } finally {
    ends.release();
  }
  return ends.why === "deadline" ? exitCode("ok") : exitCode(ends.why);
}

/** One look, which ends with the watch, and by itself after a while. */
async function within(ends: Until, look: (until: Until) => Promise<Seen>, io: Io): Promise<Seen> {
  const until = new Until({ ...io, onStop: (listener) => followed(ends, listener) }, ASKING_DEFAULTS.deadline);
  try {
    return await look(until);
  } finally {
    until.release();
  }
}

function followed(ends: Until, listener: Parameters<Io["onStop"]>[0]): () => void {
  const stop = (): void => listener(ends.why === "terminated" ? "SIGTERM" : "SIGINT");
  ends.signal.addEventListener("abort", stop, { once: true });
  return () => ends.signal.removeEventListener("abort", stop);
}
