/**
 * Builds what is published: `dist/` by the compiler (the library and its types), then `dist/bin/` by the bundler (the
 * command) with its compiled code.
 *
 * Most of the time that a one-shot takes is its start, so the command is one CommonJS file (Node's loader of ES modules
 * takes long), and a run of the demonstration leaves behind what V8 compiled of it; see `load.js`.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const top = fileURLToPath(new URL("..", import.meta.url));

rmSync(`${top}dist`, { recursive: true, force: true });

const compiler = spawnSync(process.execPath, [`${top}node_modules/typescript/bin/tsc`, "-p", top], { cwd: top, stdio: "inherit" });
if (compiler.status !== 0) process.exit(compiler.status ?? 1);

/** Commander loads node:child_process, and with it the half of Node, for commands that are programs of their own. */
const withoutChildProcess = {
  name: "commander without node:child_process",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) => (importer.includes("commander") ? { path: "none", namespace: "without" } : undefined));
    onLoad({ filter: /.*/, namespace: "without" }, () => ({ contents: "export default {};" }));
  },
};

await build({
  absWorkingDir: top,
  entryPoints: { ntpkit: "src/cli/entry.ts" },
  outdir: "dist/bin",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: true,
  // koffi finds its binary beside its own files, so it stays where npm put it.
  external: ["koffi"],
  define: { "import.meta.url": "moduleUrl" },
  banner: { js: 'const moduleUrl=require("node:url").pathToFileURL(__filename).href;' },
  plugins: [withoutChildProcess],
  logLevel: "warning",
});

// Without its compiled code the command only starts more slowly, so a demonstration that cannot run here is no failure.
const keepCompiled = `
  const { load, compiled } = require("./bin/load.js");
  process.on("exit", () => require("node:fs").writeFileSync(compiled, script.createCachedData()));
  const script = load();
`;
spawnSync(process.execPath, ["-e", keepCompiled, "ntpkit", "demo", "--json"], { cwd: top, stdio: "ignore", timeout: 30_000 });
