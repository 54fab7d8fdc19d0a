/** `ntpkit peers --watch`: the same again and again, in place on a terminal, one after the other elsewhere. */
import { peersDocument } from "../view/daemon-document.ts";
import { documentText } from "../view/document.ts";
import { exitCode, failureLine } from "./exit.ts";
import type { Io } from "./io.ts";
import { ASKING_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { pause } from "./pause.ts";
import { peersText, type Seen } from "./peers.ts";
import { isScreen, openScreen } from "./screen.ts";
import { Until } from "./until.ts";

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
  const show = await shower(options, io);
  try {
    while (!ends.isOver) {
      const began = process.uptime();
      const seen = await within(ends, look);
      if (ends.isOver) break;
      await show(seen);
      await pause(interval - (process.uptime() - began), ends.signal);
    }
  } finally {
    ends.release();
  }
  return exitCode(ends.why === "deadline" ? "ok" : ends.why);
}

async function shower(options: OptionsOf<"peers">, io: Io): Promise<(seen: Seen) => Promise<void>> {
  if (options.json === true)
    return async ({ answers, failure }) => io.out.write(documentText(peersDocument(answers, failure), false));
  const text = async ({ answers }: Seen): Promise<string> =>
    (await peersText(answers, options, io)) +
    answers.map(({ failure }) => (failure === null ? "" : failureLine("ntpkit peers", failure))).join("");
  if (isScreen(io)) {
    const draw = openScreen(io);
    return async (seen) => draw(await text(seen));
  }
  let between = "";
  return async (seen) => {
    io.out.write(`${between}${await text(seen)}`);
    between = "\n";
  };
}

/** One look, which ends with the watch, and by itself after a while. */
async function within(ends: Until, look: (until: Until) => Promise<Seen>): Promise<Seen> {
  const until = new Until({ onStop: () => () => {} }, ASKING_DEFAULTS.deadline);
  const end = (): void => until.end(ends.why);
  ends.signal.addEventListener("abort", end, { once: true });
  try {
    return await look(until);
  } finally {
    ends.signal.removeEventListener("abort", end);
    until.release();
  }
}
