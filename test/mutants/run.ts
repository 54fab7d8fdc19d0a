/**
 * Mutation testing: `npm run mutants -- [ROOM…] [--sample N] [--seed N] [--seconds S]`.
 *
 * Every source file of the rooms is changed in one place, and the tests of its room are run: the first that fails has killed the
 * mutant. Those that no test kills are printed, unless `argued.ts` says why they may live. With `--sample` so many of each room, drawn
 * by the seed. One process runs all: the tests are transformed once, and of each mutant only its file is new.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createVitest, type CliOptions, type Vitest } from "vitest/node";
import { chance } from "../machines/row.ts";
import { ARGUED } from "./argued.ts";
import { mutantsOf, mutated, type Mutant } from "./mutate.ts";

const TOP = fileURLToPath(new URL("../..", import.meta.url));
/** The rooms of the issue: what decides, and reads octets. */
const ROOMS = ["time", "wire", "association", "system", "discipline", "server", "security"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    seconds: { type: "string", default: "Infinity" },
  },
});

/** The file that is changed now, and its text. */
let changed: { readonly path: string; readonly text: string } | null = null;

/** Longer than the tests of any room take on a busy machine, milliseconds: a mutant whose tests take longer is in an endless loop. */
const ENDLESS = 120_000;

/** Starts the process that runs the tests; on threads, which can be ended in the midst of a loop. */
async function begin(): Promise<Vitest> {
  const config: CliOptions = {
    root: TOP,
    config: `${TOP}test/vitest.config.ts`,
    watch: false,
    bail: 1,
    reporters: [{}],
    pool: "threads",
    maxWorkers: 1,
    teardownTimeout: 1000,
    env: { NTPKIT_SEED: "1" },
  };
  const transform = (_: string, id: string): { readonly code: string; readonly map: null } | undefined =>
    changed !== null && id === changed.path ? { code: changed.text, map: null } : undefined;
  return createVitest("test", config, { plugins: [{ name: "mutant", enforce: "pre", transform }] });
}

let vitest = await begin();
const deadline = performance.now() + Number(values.seconds) * 1000;
let alive = 0;
for (const room of positionals.length > 0 ? positionals : ROOMS) {
  alive += await examine(room);
  // Each room has a process of its own: what one leaves is not told of the next.
  await vitest.close();
  vitest = await begin();
}
// A thread that was given up may be in its loop still.
process.exit(alive === 0 ? 0 : 1);

interface Candidate {
  readonly path: string;
  readonly text: string;
  readonly mutant: Mutant;
}

/** @returns how many live without a reason */
async function examine(room: string): Promise<number> {
  const tests = (await vitest.globTestSpecifications()).filter(({ moduleId }) =>
    moduleId.startsWith(`${TOP}test/${room}/`),
  );
  const names = tests.map(({ moduleId }) => moduleId);
  if (!(await passes(names))) throw new Error(`the tests of ${room} fail as it is`);
  const candidates = chosen(room);
  let killed = 0;
  let argued = 0;
  let tried = 0;
  const survivors: string[] = [];
  for (const candidate of candidates) {
    if (performance.now() > deadline) break;
    tried += 1;
    const name = nameOf(candidate);
    if (await isKilled(candidate, names)) killed += 1;
    else if (Object.hasOwn(ARGUED, name)) argued += 1;
    else survivors.push(name);
  }
  for (const name of survivors) console.log(name);
  const score = tried === argued ? 1 : killed / (tried - argued);
  console.log(
    `${room}: ${tried} mutants of ${candidates.length} tried, ${killed} killed, ${argued} may live, ${survivors.length} live: ${(score * 100).toFixed(1)} %`,
  );
  return survivors.length;
}

function chosen(room: string): readonly Candidate[] {
  const all = readdirSync(`${TOP}src/${room}`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .toSorted()
    .flatMap((name) => {
      const path = `${TOP}src/${room}/${name}`;
      const text = readFileSync(path, "utf8");
      return mutantsOf(text).map((mutant): Candidate => ({ path, text, mutant }));
    });
  if (values.sample === undefined) return all;
  const draw = chance(Number(values.seed));
  return all
    .map((candidate) => ({ candidate, at: draw() }))
    .toSorted((one, other) => one.at - other.at)
    .slice(0, Number(values.sample))
    .map(({ candidate }) => candidate);
}

/** The mutant as it is printed, and named in `argued.ts`: by its line's text, which moves less than its number. */
function nameOf({ path, text, mutant }: Candidate): string {
  const line = text.split("\n")[mutant.line - 1]!;
  const column = mutant.start - text.lastIndexOf("\n", mutant.start - 1) - 1;
  const before = line.slice(0, column).trimStart();
  return `${relative(TOP, path)}: ${before}⟦${mutant.was} → ${mutant.instead}⟧${line.slice(column + mutant.was.length)}`;
}

/** The file's own tests first, for they know it best; then those of its room, and those of other rooms that name it. */
async function isKilled({ path, text, mutant }: Candidate, tests: readonly string[]): Promise<boolean> {
  changed = { path, text: mutated(text, mutant) };
  const own = basename(path).replace(/\.ts$/, ".test.ts");
  const first = tests.filter((name) => basename(name) === own);
  const others = tests.filter((name) => !first.includes(name));
  const named = naming(relative(TOP, path)).filter((name) => !tests.includes(name));
  try {
    for (const part of [first, others, named]) if (part.length > 0 && !(await passes(part))) return true;
    return false;
  } finally {
    changed = null;
    vitest.invalidateFile(path);
  }
}

/** Test files that name a source file; not those of whole networks and machines, which take minutes. */
function naming(source: string): readonly string[] {
  return readdirSync(`${TOP}test`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !/^(?:scenarios|worlds|machines|faults|lab|cli)\//.test(name))
    .map((name) => `${TOP}test/${name}`)
    .filter((path) => readFileSync(path, "utf8").includes(`/${source}"`));
}

/** Whether all tests of these files pass, in bounded time. */
async function passes(files: readonly string[]): Promise<boolean> {
  if (changed !== null) vitest.invalidateFile(changed.path);
  const specifications = files.map((file) => vitest.getRootProject().createSpecification(file));
  let timer: NodeJS.Timeout | undefined;
  const endless = new Promise<null>((resolve) => (timer = setTimeout(resolve, ENDLESS, null)));
  const ended = await Promise.race([vitest.runTestSpecifications(specifications), endless]);
  clearTimeout(timer);
  if (ended === null) {
    const stuck = vitest;
    vitest = await begin();
    void stuck.close();
    return false;
  }
  return ended.unhandledErrors.length === 0 && ended.testModules.every((module) => module.ok());
}
