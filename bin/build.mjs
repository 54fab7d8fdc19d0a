/**
 * Builds what is published: `dist/` by the compiler (the library and its types), then `dist/bin/` by the bundler (the
 * command, in a few files that load fast: each command is a chunk of its own).
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const top = fileURLToPath(new URL("..", import.meta.url));

rmSync(`${top}dist`, { recursive: true, force: true });

const compiled = spawnSync(process.execPath, [`${top}node_modules/typescript/bin/tsc`, "-p", top], { cwd: top, stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

await build({
  absWorkingDir: top,
  entryPoints: { entry: "src/cli/entry.ts" },
  outdir: "dist/bin",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  sourcesContent: false,
  logLevel: "warning",
  // koffi finds its binary beside its own files, so it stays where npm put it.
  external: ["koffi"],
  // Dependencies written for CommonJS call `require`, which modules do not have.
  banner: { js: 'import{createRequire as nodeRequire}from"node:module";const require=nodeRequire(import.meta.url);' },
});
