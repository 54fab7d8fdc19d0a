/** Figures for Prometheus: its own tools read what ntpkit writes, and the alert rules and the dashboard find what they ask for. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { near, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import { run } from "../processes.ts";
import type { World } from "../world.ts";

const EXAMPLES = fileURLToPath(new URL("../../../man/examples", import.meta.url));
const ALERTS = `${EXAMPLES}/ntpkit-alerts.yml`;
const STORIES = fileURLToPath(new URL("../../fixtures/prometheus/alerts.test.yml", import.meta.url));

const PROMETHEUS = "usr/bin/prometheus";
const PROMTOOL = "usr/bin/promtool";
const NODE_EXPORTER = "usr/bin/prometheus-node-exporter";
const DATABASE = "http://127.0.0.1:9090";

export const metrics: readonly Scenario[] = [
  {
    name: "metrics: promtool finds nothing to mend in the textfiles of query, peers and check",
    needs: ["chrony", "prometheus"],
    run: async (world) => {
      const { textfiles } = await watched(world);
      for (const file of Object.values(textfiles)) {
        const lint = await run([
          "sh",
          "-c",
          '"$1" check metrics <"$2"',
          "sh",
          world.peer("prometheus").path(PROMTOOL),
          file,
        ]);
        assert.deepEqual([lint.code, lint.stdout, lint.stderr], [0, "", ""], file);
      }
    },
  },
  {
    name: "metrics: promtool accepts the alert rules, and each alert fires in its own story only",
    needs: ["prometheus"],
    run: async (world) => {
      const host = await world.host("desk");
      const rules = await world.tool("prometheus", host, [PROMTOOL, "check", "rules", ALERTS]);
      assert.equal(rules.code, 0, rules.stderr);
      // The stories name the rules as a file beside them.
      await world.write("alerts.yml", [await readFile(ALERTS, "utf8")]);
      await world.write("alerts.test.yml", [await readFile(STORIES, "utf8")]);
      const told = await world.tool("prometheus", host, [PROMTOOL, "test", "rules", world.file("alerts.test.yml")]);
      assert.equal(told.code, 0, told.stdout + told.stderr);
    },
  },
  {
    name: "metrics: Prometheus scrapes run and node_exporter's textfiles; rules and dashboard find their figures",
    needs: ["chrony", "prometheus"],
    run: async (world) => {
      const { host, folder } = await watched(world);
      await world.helper(
        "prometheus",
        host,
        [
          NODE_EXPORTER,
          "--web.listen-address=127.0.0.1:9100",
          "--collector.disable-defaults",
          "--collector.textfile",
          `--collector.textfile.directory=${folder}`,
        ],
        /Listening on/i,
      );
      await prometheus(world, host);
      await scraped(world, host);
      assert.deepEqual(await values(world, host, "node_textfile_scrape_error"), [0]);
      for (const panel of await dashboard()) {
        assert.notDeepEqual(await values(world, host, panel), [], `the dashboard asks for ${panel}`);
      }
      // A comparison leaves out what is well: what it compares must be there all the same.
      for (const expression of await alerts()) {
        assert.notDeepEqual(
          await values(world, host, expression.replace(/ (==|>|<|or) .*$/, "")),
          [],
          `an alert asks for ${expression}`,
        );
        await values(world, host, expression);
      }
      assert.deepEqual(await values(world, host, 'ntpkit_truechimers{job="run"}'), [2]);
      assert.deepEqual(await values(world, host, 'ntpkit_falsetickers{job="run"}'), [1]);
      const [liar] = await values(world, host, 'ntpkit_association_offset_seconds{job="run",address="10.77.0.3"}');
      near(liar ?? null, 5, 0.01, "the liar's offset");
      await ruled(world, host);
    },
  },
];

/** A daemon that follows two good servers and a liar, and the textfiles of the other commands beside it. */
async function watched(
  world: World,
): Promise<{ readonly host: Host; readonly folder: string; readonly textfiles: Readonly<Record<string, string>> }> {
  const addresses: string[] = [];
  for (const [name, offset] of [
    ["first", 0],
    ["second", 0],
    ["liar", 5],
  ] as const) {
    const server = await world.host(name);
    await world.chronyd(server, ["local stratum 3"], { clock: await world.clock(name, offset) });
    addresses.push(server.ipv4);
  }
  const host = await world.host("watched");
  const config = await world.write(
    "run.conf",
    addresses.map((address) => `server ${address} iburst minpoll 3 maxpoll 4`),
  );
  await world.ntpkitDaemon(host, ["run", "-c", config, "--metrics", "9123"], {
    clock: await world.clock("watched", 0),
  });
  const folder = world.file("textfiles");
  await mkdir(folder);
  const textfiles = { query: `${folder}/query.prom`, peers: `${folder}/peers.prom`, check: `${folder}/check.prom` };
  for (const args of [
    ["query", ...addresses],
    ["peers", "-n"],
    ["check", ...addresses],
  ]) {
    const { code, stderr } = await world.ntpkit(host, [
      ...args,
      "--textfile",
      textfiles[args[0] as keyof typeof textfiles],
    ]);
    assert.equal(code, 0, stderr);
  }
  return { host, folder, textfiles };
}

/** Starts Prometheus with the alert rules as they are shipped. */
async function prometheus(world: World, host: Host): Promise<void> {
  const config = await world.write("prometheus.yml", [
    "global: { scrape_interval: 1s, evaluation_interval: 1s }",
    `rule_files: [${JSON.stringify(ALERTS)}]`,
    "scrape_configs:",
    "  - { job_name: run, static_configs: [{ targets: ['127.0.0.1:9123'] }] }",
    "  - { job_name: node, static_configs: [{ targets: ['127.0.0.1:9100'] }] }",
  ]);
  const words = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${world.file("database")}`,
    "--web.listen-address=127.0.0.1:9090",
  ];
  await world.helper("prometheus", host, [PROMETHEUS, ...words], /Server is ready/);
}

/** Waits until both targets were scraped without a fault. */
async function scraped(world: World, host: Host): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const up = await values(world, host, "up");
    if (up.length === 2 && up.every((one) => one === 1)) return;
    await sleep(500);
  }
  assert.fail("Prometheus could not read the targets");
}

/** Waits until Prometheus evaluated its rules, and sees that none failed and that the liar is a pending alert. */
async function ruled(world: World, host: Host): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const pending = await values(world, host, 'ALERTS{alertname="Falseticker",job="run"}');
    if (pending.length > 0) {
      assert.deepEqual(await values(world, host, 'ALERTS{alertname="ClockNotSynchronized"}'), []);
      return;
    }
    await sleep(500);
  }
  assert.fail("the rules were not evaluated");
}

/** The values of an instant query, in Prometheus's order. */
async function values(world: World, host: Host, expression: string): Promise<readonly number[]> {
  const asked = await world.tool("prometheus", host, [
    PROMTOOL,
    "query",
    "instant",
    "-o",
    "json",
    DATABASE,
    expression,
  ]);
  assert.equal(asked.code, 0, `${expression}: ${asked.stderr}`);
  return (JSON.parse(asked.stdout) as readonly { readonly value: readonly [number, string] }[]).map(({ value }) =>
    Number(value[1]),
  );
}

/** What the panels ask for, on all instances. */
async function dashboard(): Promise<readonly string[]> {
  const { panels } = JSON.parse(await readFile(`${EXAMPLES}/ntpkit-grafana.json`, "utf8")) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll("$instance", ".*")));
  assert.ok(asked.length >= panels.length && asked.length > 0, "each panel asks for something");
  return asked;
}

/** The expressions of the alert rules. */
async function alerts(): Promise<readonly string[]> {
  const found = [...(await readFile(ALERTS, "utf8")).matchAll(/^ +expr: (.+)$/gm)].map(
    ([, expression = ""]) => expression,
  );
  assert.ok(found.length > 0, "there are rules");
  return found;
}
