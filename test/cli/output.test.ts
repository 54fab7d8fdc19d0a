import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const OUTPUT = new URL("../../src/cli/output.ts", import.meta.url).href;
const TOP = fileURLToPath(new URL("../..", import.meta.url));
const PIECE = 100_000;
const PIECES = 20;

const WRITER = `
  import { outputOf } from "${OUTPUT}";
  const out = outputOf(1);
  for (let piece = 0; piece < ${PIECES}; piece += 1) out.write(String(piece).padEnd(${PIECE}));
  await out.written();
  process.exit(out.fault === null ? 0 : 70);
`;
/** Opening it as a stream of Node's has the pipe refuse to wait, for whoever shares it. */
const WITHOUT_WAITING = `
  process.stdout;
  process.exitCode = require("node:child_process").spawnSync(process.execPath, JSON.parse(process.argv[1]), { stdio: "inherit" }).status;
`;

const writer = ["--import", "tsx", "--input-type=module", "-e", WRITER];

it.each([
  ["a pipe", writer],
  ["a pipe that does not wait", ["-e", WITHOUT_WAITING, JSON.stringify(writer)]],
] as const)("keeps all for a slow reader of %s", async (_of, argv) => {
  const child = spawn(process.execPath, argv, { cwd: TOP, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("latin1");
  for await (const read of child.stdout) text += read;
  const code = child.exitCode ?? ((await once(child, "exit")) as [number])[0];
  expect(code).toBe(0);
  expect(text.length).toBe(PIECES * PIECE);
  expect(text.match(/\d+/g)).toEqual(Array.from({ length: PIECES }, (_, piece) => String(piece)));
});
