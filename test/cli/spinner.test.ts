/** The sign of life on a terminal. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { spinner } from "../../src/cli/spinner.ts";

const drawn: { text: string; spinner?: { readonly frames: readonly string[] } }[] = [];
vi.mock("ora", () => ({
  default: (options: (typeof drawn)[number]) => {
    drawn.push(options);
    const sign = { start: () => sign, stop: () => {} };
    return sign;
  },
}));

beforeEach(() => {
  drawn.length = 0;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

it.each([
  ["C", "waiting ... 3 us", ["-", "\\", "|", "/"]],
  ["C.UTF-8", "waiting … 3 µs", undefined],
])("in a locale of %s has the signs of that", async (locale, text, frames) => {
  const sink = { write: () => {}, isTerminal: true, columns: 60 };
  const io: Io = { out: sink, err: sink, env: { LC_ALL: locale }, onStop: () => () => {} };
  const shown = spinner(io, true, () => "waiting … 3 µs");
  await vi.advanceTimersByTimeAsync(1000);
  shown.stop();
  expect(drawn).toMatchObject([{ text }]);
  expect(drawn[0]!.spinner?.frames).toEqual(frames);
});
