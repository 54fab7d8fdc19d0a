/** The commands as functions: the same documents as with `--json`, the same names and bounds as the options. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { startServer, type DemoServer } from "../../src/cli/demo/server.ts";
import { offered } from "../../src/cli/options/offers.ts";
import { propertyOf } from "../../src/cli/options/row.ts";
import { clockReader } from "../../src/host/clock.ts";
import { broadcast, check, decode, manycast, peers, pool, simulate, summarize, trace } from "../../src/index.ts";
import { ACCEPTED } from "../../src/library/commands.ts";
import { DECODING } from "../../src/library/decode.ts";
import { optionsOf, type Accepted } from "../../src/library/settings.ts";
import type {
  BroadcastSettings,
  CheckSettings,
  DecodeSettings,
  ManycastSettings,
  PeersSettings,
  PoolSettings,
  SimulateSettings,
  TraceSettings,
} from "../../src/library/settings-types.ts";
import { ntpkit } from "../support/command.ts";

const TOP = fileURLToPath(new URL("../../", import.meta.url));
const CAPTURE = join(TOP, "test/fixtures/captures", "a1-iburst.pcap");
const WORLD = join(TOP, "man/examples/worlds/liar.toml");

const servers: DemoServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(): Promise<string> {
  const server = await startServer({ name: "good", ahead: 0.25, stratum: 1, refid: "GPS" }, clockReader());
  servers.push(server);
  return `127.0.0.1:${server.port}`;
}

/** What a function takes by its type: every setting, with a value that will do. */
type All<Settings> = { readonly [Name in keyof Required<Settings>]: unknown };

const REACH = {
  signal: new AbortController().signal,
  family: 4,
  port: 123,
  interface: "lo",
  keys: "k",
  keysFormat: "ntp",
};
const SELECTION = { minclock: 1, maxclock: 1, minsane: 1, maxdist: 1, floor: 1, ceiling: 1 };
const SERVERS = {
  ...REACH,
  ...SELECTION,
  key: 1,
  sourcePort: 1,
  ca: "k",
  pin: "k",
  config: "k",
  forget: true,
  samples: 1,
  interval: 1,
  timeout: 1,
  deadline: 1,
  waitNetwork: 1,
};
const ASKING = {
  signal: REACH.signal,
  family: 6,
  timeout: 1,
  deadline: Infinity,
  keys: "k",
  keysFormat: "auto",
  key: 1,
};

/** Settings that exclude each other are tried apart. */
const POOL: Omit<All<PoolSettings>, "nts"> = { ...SERVERS, follow: false };
const FOUND = { ca: "k", pin: "k", ntsName: "h" };
const MANYCAST: Omit<All<ManycastSettings>, "nts"> = {
  ...REACH,
  ...FOUND,
  ...SELECTION,
  key: 1,
  ttl: 3,
  interval: 1,
  all: true,
  follow: false,
  cohort: true,
  trusted: "1",
  auth: false,
  samples: 1,
  timeout: 1,
  deadline: 1,
};
const BROADCAST: All<BroadcastSettings> = {
  ...REACH,
  ...FOUND,
  nts: true,
  ...SELECTION,
  multicast: true,
  count: 1,
  deadline: 1,
  broadcastDelay: 0.1,
  trusted: "1",
  auth: true,
  samples: 1,
  interval: 1,
  timeout: 1,
};
const PEERS: All<PeersSettings> = { ...ASKING, explain: true, config: "k" };
const TRACE: All<TraceSettings> = { ...ASKING, numeric: true, hops: 3 };
const CHECK: Omit<All<CheckSettings>, "nts"> = {
  ...SERVERS,
  warning: "10",
  critical: "1:",
  jitter: "1,2",
  stratum: "1,2",
  truechimers: "3:,1:",
  falsetickers: "0,1",
  rootdistance: "1,2",
  certificate: "30:,7:",
  leap: true,
  daemon: "h",
  accuracy: 0.1,
  callDelay: 1,
};
const DECODE: All<DecodeSettings> = {
  signal: REACH.signal,
  bad: true,
  host: ["192.0.2.0/24"],
  mode: "client",
  port: 123,
  keys: "k",
  keysFormat: "auto",
  autokey: "k",
  autokeyPassword: "k",
};
const SIMULATE: All<SimulateSettings> = { config: "k", network: "lan", seed: "1", runs: 1, for: 60 };

describe.each([
  [ACCEPTED.pool, POOL, ["nts"]],
  [ACCEPTED.manycast, MANYCAST, ["nts"]],
  [ACCEPTED.broadcast, BROADCAST, []],
  [ACCEPTED.peers, PEERS, []],
  [ACCEPTED.trace, TRACE, []],
  [ACCEPTED.check, CHECK, ["nts"]],
  [DECODING, DECODE, []],
  [ACCEPTED.simulate, SIMULATE, []],
] as const)("the settings of $title", (accepted: Accepted, all: Readonly<Record<string, unknown>>, others) => {
  it("are those that its type has, no more and no fewer", () => {
    expect(() => optionsOf(accepted, all)).not.toThrow();
    const names = [...Object.keys(all), ...others].toSorted().join(", ");
    expect(() => optionsOf(accepted, { qqqqqqqqqq: 1 })).toThrow(
      expect.objectContaining({
        message: `${accepted.title}: there is no setting "qqqqqqqqqq"`,
        hint: `there is ${names}`,
      }),
    );
  });

  it("are options of the command, within the options' bounds", () => {
    const rows = new Map(
      offered(accepted.command).flatMap(({ rows: some }) => some.map((row) => [propertyOf(row.flag), row])),
    );
    for (const [name, row] of rows) {
      if (!(name in all)) continue;
      const bounds = row.whole ?? row.duration;
      if (bounds?.least === undefined || accepted.own.includes(name)) continue;
      expect(() => optionsOf(accepted, { [name]: bounds.least! - 1e-3 }), name).toThrow(/is not a (whole )?number/);
      expect(() => optionsOf(accepted, { [name]: "1" }), name).toThrow(/is not a (whole )?number/);
      expect(() => optionsOf(accepted, { [name]: bounds.least }), name).not.toThrow();
    }
  });
});

it("suggests the right word for a setting that is written wrongly", async () => {
  await expect(check("h", { warnig: "1" } as object)).rejects.toMatchObject({ hint: 'did you mean "warning"?' });
  expect(() => pool("h", { follow: true, deadlin: 1 } as never)).toThrow(
    expect.objectContaining({ hint: 'did you mean "deadline"?' }),
  );
});

describe("the functions", () => {
  it("pool: the document of the command", async () => {
    const place = await serve();
    const document = await pool(place, { interval: 0.05, samples: 2 });
    const { out } = await ntpkit(["pool", "--json", "--interval", "50ms", "--samples", "2", place]);
    expect(Object.keys(document)).toEqual(Object.keys(JSON.parse(out) as object));
    expect(document).toMatchObject({
      schema: "ntpkit/pool/1",
      ok: true,
      clock: { offset: expect.closeTo(0.25, 1) as number },
    });
  });

  it("pool that follows: documents, until no more are wanted", async () => {
    const documents = [];
    for await (const document of pool(await serve(), { follow: true, interval: 0.05, samples: 6 })) {
      documents.push(document);
      if (document.ok) break;
    }
    expect(documents.at(-1)).toMatchObject({ schema: "ntpkit/pool/1", ok: true });
  });

  it("manycast and broadcast: what they find, or why they found nothing; ended by a signal they say so", async () => {
    expect(await manycast("239.255.1.1", { ttl: 1, deadline: 0.3, port: 40_123, auth: false })).toMatchObject({
      schema: "ntpkit/manycast/1",
      ok: false,
      error: { code: expect.stringMatching(/^(no-reply|deadline)$/) as string },
    });
    const heard = [];
    for await (const event of broadcast([], { port: 40_123, deadline: 0.3 })) heard.push(event);
    expect(heard).toMatchObject([{ ok: false, error: { code: "no-reply" } }]);
    expect(await pool("127.0.0.1:1", { signal: AbortSignal.abort() })).toMatchObject({
      error: { code: "interrupted", message: "ended by its AbortSignal" },
    });
  });

  it("peers and trace: what the daemons there say, or that none is there", async () => {
    expect(await peers("127.0.0.1:1", { timeout: 0.2 })).toMatchObject({
      schema: "ntpkit/peers/1",
      ok: false,
      error: { code: "no-reply" },
    });
    expect(await trace(await serve(), { numeric: true, timeout: 0.2 })).toMatchObject({
      schema: "ntpkit/trace/1",
      ok: true,
      primary: true,
      hops: [{ stratum: 1, refid: "GPS" }],
    });
  });

  it("check: as a monitoring plugin", async () => {
    expect(await check(await serve(), { warning: "0.1", critical: "10" })).toMatchObject({
      schema: "ntpkit/check/1",
      status: "WARNING",
      exitCode: 1,
    });
    await expect(check("h", { warning: "1:x" })).rejects.toThrow("warning");
  });

  it("decode: packet by packet, of a file or of its octets, and what all of it comes to", async () => {
    const { out } = await ntpkit(["decode", "--json", CAPTURE]);
    const lines = out.trimEnd().split("\n");
    const documents = [];
    for await (const document of decode(CAPTURE)) documents.push(document);
    expect(JSON.parse(JSON.stringify(documents))).toEqual(lines.map((line) => JSON.parse(line) as unknown));
    let first = null;
    for await (first of decode(createReadStream(CAPTURE))) break;
    expect(JSON.parse(JSON.stringify(first))).toEqual(JSON.parse(lines[0]!));
    const summary = await ntpkit(["decode", "--json", "--summary", CAPTURE]);
    expect(JSON.parse(JSON.stringify(await summarize(CAPTURE)))).toEqual(JSON.parse(summary.out));
    await expect(summarize("/nowhere")).rejects.toThrow("cannot read /nowhere");
    await expect(decode(5 as never).next()).rejects.toThrow("capture: it is the path of a file");
  });

  it("simulate: the document of a world", async () => {
    const { out } = await ntpkit(["simulate", "--json", "--for", "10m", "--seed", "7", WORLD]);
    expect(await simulate(WORLD, { for: 600, seed: "7" })).toEqual(JSON.parse(out));
    await expect(simulate(null)).rejects.toMatchObject({ name: "UsageError" });
  });
});
