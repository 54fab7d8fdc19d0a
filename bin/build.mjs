/**
 * Builds what is published: `dist/` by the compiler (the library and its types), then `dist/bin/` by the bundler (the
 * command).
 *
 * The command is a few CommonJS files, each command's in one of its own: most of the time that a one-shot takes is
 * its start, and Node's loader of ES modules alone takes a third of it.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const top = fileURLToPath(new URL("..", import.meta.url));
const target = "node20.19";

rmSync(`${top}dist`, { recursive: true, force: true });

const compiled = spawnSync(process.execPath, [`${top}node_modules/typescript/bin/tsc`, "-p", top], { cwd: top, stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

/** Commander loads node:child_process, and with it the half of Node, for commands that are programs of their own. */
const withoutChildProcess = {
  name: "commander without node:child_process",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) => (importer.includes("commander") ? { path: "none", namespace: "without" } : undefined));
    onLoad({ filter: /.*/, namespace: "without" }, () => ({ contents: "export default {};" }));
  },
};

// In two steps, since esbuild splits only ES modules.
const { outputFiles } = await build({
  absWorkingDir: top,
  entryPoints: { ntpkit: "src/cli/entry.ts" },
  outdir: "dist/bin",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  splitting: true,
  write: false,
  format: "esm",
  platform: "node",
  target,
  // koffi finds its binary beside its own files, so it stays where npm put it.
  external: ["koffi"],
  define: { "import.meta.url": "moduleUrl" },
  plugins: [withoutChildProcess],
  logLevel: "warning",
});

mkdirSync(`${top}dist/bin`, { recursive: true });
for (const { path, text } of outputFiles) {
  const banner = text.includes("moduleUrl") ? 'const moduleUrl=require("node:url").pathToFileURL(__filename).href;' : "";
  const { code } = await transform(text, { format: "cjs", platform: "node", target, banner, minifySyntax: true, minifyWhitespace: true, supported: { "dynamic-import": false } });
  writeFileSync(`${top}dist/bin/${basename(path)}`, code);
}
