/** What SECURITY.md promises is held by the tests that it names: each is there, and says so. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A promise, the file that holds it, and the sentence in it. */
const PROMISE = /^\| (.+) \| `(test\/[\w./-]+)`: (.+) \|$/;

it("what is promised in SECURITY.md is said by a test", () => {
  const lines = readFileSync(`${root}/SECURITY.md`, "utf8").split("\n");
  const promises = lines.flatMap((line) => {
    const [, promise, file, sentence] = PROMISE.exec(line) ?? [];
    return promise === undefined ? [] : [{ promise, file: `${root}/${file}`, sentence: sentence! }];
  });
  expect(promises.length).toBeGreaterThan(30);
  const unheld = promises.filter(
    ({ file, sentence }) => !existsSync(file) || !readFileSync(file, "utf8").includes(sentence),
  );
  expect(unheld.map(({ promise, sentence }) => `${promise}: ${sentence}`)).toEqual([]);
});
