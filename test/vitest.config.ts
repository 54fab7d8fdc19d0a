/** How the tests run: every *.test.ts under test/ but the lab, which needs root and daemons (see test/README.md). */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/lab/**"],
    // Against what hangs, not what is slow: ten seeds of a site that organizes itself take minutes on a busy machine.
    testTimeout: 1_200_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
