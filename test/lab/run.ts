/**
 * `npm run lab [-- WORDS…]`: ntpkit against real time daemons, in networks and on clocks of the lab's own. One line a
 * scenario, details of those that fail, and a last line with the counts. What a machine cannot run is a visible skip; in
 * continuous integration (CI=true) it is a failure.
 */
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildShim } from "./clock.ts";
import { removeAll, removeLeftovers } from "./netns.ts";
import { fetchPeers, type PeerName, type Peers } from "./peers.ts";
import { run, stopAll } from "./processes.ts";
import type { Scenario } from "./scenario.ts";
import { authentication } from "./scenarios/authentication.ts";
import { broadcasting } from "./scenarios/broadcasting.ts";
import { captures } from "./scenarios/captures.ts";
import { compatible } from "./scenarios/compatible.ts";
import { daemon } from "./scenarios/daemon.ts";
import { disagreement } from "./scenarios/disagreement.ts";
import { discovery } from "./scenarios/discovery.ts";
import { kernel } from "./scenarios/kernel.ts";
import { environment } from "./scenarios/environment.ts";
import { floods } from "./scenarios/floods.ts";
import { judging } from "./scenarios/judging.ts";
import { kisses } from "./scenarios/kisses.ts";
import { leaps } from "./scenarios/leaps.ts";
import { living } from "./scenarios/living.ts";
import { machines } from "./scenarios/machines.ts";
import { metrics } from "./scenarios/metrics.ts";
import { misuse } from "./scenarios/misuse.ts";
import { paths } from "./scenarios/paths.ts";
import { autokey } from "./scenarios/autokey.ts";
import { nts } from "./scenarios/nts.ts";
import { plain } from "./scenarios/plain.ts";
import { remembering } from "./scenarios/remembering.ts";
import { rings } from "./scenarios/rings.ts";
import { questions } from "./scenarios/questions.ts";
import { reports } from "./scenarios/reports.ts";
import { seeing } from "./scenarios/seeing.ts";
import { serving } from "./scenarios/serving.ts";
import { telling } from "./scenarios/telling.ts";
import { setting } from "./scenarios/setting.ts";
import { sixHosts } from "./scenarios/six-hosts.ts";
import { symmetric } from "./scenarios/symmetric.ts";
import { systemd } from "./scenarios/systemd.ts";
import { theLab } from "./scenarios/the-lab.ts";
import { unusable } from "./scenarios/unusable.ts";
import { World, type Workshop } from "./world.ts";

const SCENARIOS: readonly Scenario[] = [
  ...sixHosts,
  ...theLab,
  ...plain,
  ...authentication,
  ...autokey,
  ...nts,
  ...kisses,
  ...unusable,
  ...environment,
  ...disagreement,
  ...paths,
  ...misuse,
  ...floods,
  ...discovery,
  ...serving,
  ...telling,
  ...broadcasting,
  ...rings,
  ...symmetric,
  ...setting,
  ...remembering,
  ...reports,
  ...seeing,
  ...questions,
  ...judging,
  ...captures,
  ...compatible,
  ...metrics,
  ...daemon,
  ...kernel,
  ...leaps,
  ...living,
  ...machines,
  ...systemd,
];

const SIDE_BY_SIDE = 2;
/** Not all: as many daemons starting at once would keep each other from being ready in time. */
const PATIENT_SIDE_BY_SIDE = 16;
const TOOLS = ["ip", "setpriv", "unshare", "mount", "gcc", "dpkg", "apt-get", "python3"];

type Outcome = "passed" | "failed" | "skipped";

const inCi = process.env["CI"] === "true";
const counts: Record<Outcome, number> = { passed: 0, failed: 0, skipped: 0 };
const interruption = new AbortController();
const folder = fileURLToPath(new URL(`.work/${process.pid}`, import.meta.url));

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => {
    interruption.abort();
    console.log(`interrupted by ${signal}: stopping`);
    void cleanUp().finally(() => process.exit(code));
  });
}

try {
  await lab(process.argv.slice(2));
} finally {
  await cleanUp();
}
if (!interruption.signal.aborted) {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}

async function lab(words: readonly string[]): Promise<void> {
  const chosen = SCENARIOS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  const obstacle = await whyNot();
  if (obstacle !== undefined) {
    for (const scenario of chosen) cannotRun(scenario, obstacle);
    return;
  }
  const peers = await fetchPeers([...new Set(chosen.flatMap((scenario) => scenario.needs))]);
  for (const peer of peers.had.values()) console.log(`peer ${peer.name} ${peer.version}`);
  for (const [name, reason] of peers.missing) console.log(`no peer ${name}: ${reason}`);
  const workshop = await equip(peers);
  await removeLeftovers();
  await runAll(chosen, peers, workshop);
}

/** What this machine lacks for any scenario to run, if anything. */
async function whyNot(): Promise<string | undefined> {
  if (process.platform !== "linux") return "the lab needs Linux";
  if (process.getuid?.() !== 0) return "the lab needs root for its network namespaces";
  const found = await run(["sh", "-c", `for t in ${TOOLS.join(" ")}; do command -v $t >/dev/null || echo $t; done`]);
  const missing = found.stdout.split("\n").filter(Boolean);
  return missing.length > 0 ? `not on this machine: ${missing.join(", ")}` : undefined;
}

async function equip(peers: Peers): Promise<Workshop> {
  await mkdir(folder, { recursive: true });
  const programs = `${folder}/programs`;
  await build({
    entryPoints: ["ask", "odd-server", "clock-seen", "garbage", "relay", "nts-path", "told", "own-clock"].map((name) =>
      fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url)),
    ),
    outdir: programs,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  return { folder, programs, shim: await buildShim(folder), peers: peers.had };
}

/**
 * Runs patient scenarios beside the others, more of them at once. When none of those is left to
 * begin, one of their lanes helps the others: there is little that still runs, and it waits.
 */
async function runAll(scenarios: readonly Scenario[], peers: Peers, workshop: Workshop): Promise<void> {
  const numbered = scenarios.map((scenario, index) => ({ scenario, number: index + 1 }));
  const lane = async (queue: typeof numbered): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !interruption.signal.aborted; next = queue.shift()) {
      await runOne(next.scenario, next.number, peers, workshop);
    }
  };
  const lanes = (count: number, queue: typeof numbered): Promise<void>[] =>
    Array.from({ length: count }, () => lane(queue));
  const of = (patient: Scenario["patient"]): typeof numbered =>
    numbered.filter(({ scenario }) => scenario.patient === patient);
  const patient = [...of("long"), ...of(true)];
  const others = of(undefined);
  const waiting = lanes(PATIENT_SIDE_BY_SIDE, patient);
  // Not the first, which has one of the long ones.
  const helping = waiting.at(-1)?.then(() => lane(others));
  await Promise.all([...waiting, ...lanes(SIDE_BY_SIDE, others), helping]);
  const last = of("last");
  await Promise.all(lanes(last.length, last));
}

async function runOne(scenario: Scenario, number: number, peers: Peers, workshop: Workshop): Promise<void> {
  const lacking = scenario.needs.filter((name: PeerName) => !peers.had.has(name));
  if (lacking.length > 0) {
    cannotRun(scenario, `could not be had: ${lacking.join(", ")}`);
    return;
  }
  const started = performance.now();
  let world: World | undefined;
  let failure: string | undefined;
  try {
    world = await World.create(workshop, number);
    await scenario.run(world);
  } catch (error) {
    failure = `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${world?.transcript() ?? ""}`;
  }
  await world?.remove();
  if (interruption.signal.aborted) return;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  report(failure === undefined ? "passed" : "failed", scenario, `${seconds} s`, failure);
}

function cannotRun(scenario: Scenario, reason: string): void {
  report(inCi ? "failed" : "skipped", scenario, reason);
}

function report(outcome: Outcome, scenario: Scenario, remark: string, details?: string): void {
  counts[outcome] += 1;
  const word = { passed: "ok  ", failed: "FAIL", skipped: "skip" }[outcome];
  console.log(`${word} ${scenario.name} (${remark})`);
  if (details !== undefined) console.log(details.trimEnd().replace(/^/gm, "     | "));
}

async function cleanUp(): Promise<void> {
  await stopAll();
  await removeAll();
  await rm(folder, { recursive: true, force: true });
}
