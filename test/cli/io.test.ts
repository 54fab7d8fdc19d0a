/** The signals of the process. */
import { expect, it } from "vitest";
import { onStop } from "../../src/cli/io.ts";

it("still listens while others hear of the same signal, so that none takes itself for the last and ends the process", async () => {
  const heard: string[] = [];
  const before = process.listenerCount("SIGINT");
  onStop((signal) => heard.push(signal));
  // As signal-exit does, by which spinners restore the cursor.
  const other = (): void => void heard.push(`${process.listenerCount("SIGINT") - before}`);
  process.on("SIGINT", other);
  process.emit("SIGINT", "SIGINT");
  process.emit("SIGINT", "SIGINT");
  process.off("SIGINT", other);
  expect(heard).toEqual(["SIGINT", "2", "2"]);
  await Promise.resolve();
  expect(process.listenerCount("SIGINT")).toBe(before);
});
