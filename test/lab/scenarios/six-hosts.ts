/**
 * Ten minutes among six hosts (`six/hosts.ts`): our daemons and the others follow each other, and lose, find again and find out
 * each other. Clocks are the shim's: what each is off by is known all the time.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { near, type Scenario } from "../scenario.ts";
import { OURS, SixHosts, type Name } from "./six/hosts.ts";
import { believed, silent, Watch, type Row } from "./six/watch.ts";

/**
 * Further our clocks are never off, seconds; a liar is by a second. How far they are off within it is a matter of how busy the machine is:
 * what they themselves say they may be off by is held to besides (`truthful`).
 */
const TRUE = 0.01;
/** What a filter forgets its eight samples in at 8 s each, and as much again for a busy machine, seconds. */
const FORGOTTEN = 150;
/** Ten unanswered polls, and the next question to the group. */
const FOUND = 300;
/** Five milliseconds a minute: beyond the root distances of all within five, and too little for ntpd to part with its own clock. */
const DRIFT = 5e-3 / 60;
/** Ten minutes, seconds. */
const STORY = 600;
/** How often all is looked at until they are over, seconds. */
const AGAIN = 15;

export const sixHosts: readonly Scenario[] = [
  {
    name: "six hosts: ten minutes with chronyd, ntpd and NTPsec: sources lost, manycast, a partition, two liars, both directions",
    needs: ["chrony", "classic", "ntpsec"],
    patient: "long",
    run: async (world) => {
      const six = await SixHosts.create(world);
      const watch = new Watch(six);
      const end = new AbortController();
      const recording = watch.record([...OURS, "ntpsec", "ntp", "chrony"], end.signal);
      try {
        for (const chapter of [begin, loseSources, part, lie, followOurs, stay, leave]) {
          await chapter(six, watch);
          watch.note(`end of "${chapter.name}"`);
        }
      } catch (error) {
        throw error instanceof Error ? Object.assign(error, { stack: `${error.stack}\n${watch.diary}` }) : error;
      } finally {
        end.abort();
        await recording;
      }
    },
  },
];

/** Everybody finds the time: our daemons from chronyd and ntpd, NTPsec from ours, and each says so. */
async function begin(six: SixHosts, watch: Watch): Promise<void> {
  await Promise.all([six.chronydServes(), six.ntpdServes()]);
  await Promise.all([six.ntpkitRuns("one", { manycast: true }), six.ntpkitRuns("two", { manycast: false })]);
  await Promise.all([
    watch.until("one", "believes chronyd, ntpd and its peer", FORGOTTEN, ({ chrony, ntp, two }) =>
      [chrony, ntp, two].every(believed),
    ),
    watch.until("two", "believes chronyd, ntpd and its peer", FORGOTTEN, ({ chrony, ntp, one }) =>
      [chrony, ntp, one].every(believed),
    ),
  ]);
  await Promise.all([six.ntpkitSearches(), six.ntpdFollows("ntpsec")]);
  const [three] = await Promise.all([
    watch.until("three", "has found one and ntpd", FORGOTTEN, ({ one, ntp }) => [one, ntp].every(believed)),
    watch.ntpq("ntpsec", followed(six, ["one", "two", "three"], "u"), FORGOTTEN, "ntpsec"),
    watch.ntpq("ntp", believes(six, ["one", "two"], "s"), FORGOTTEN),
  ]);
  assert.equal(three.two, undefined, "two does not answer the group");
  // The search itself is told of, too, and answers nobody.
  for (const { authentication, reach } of Object.values(three)) if (reach > 0) assert.equal(authentication, "ok");
  const told = await watch.ntpq("one", followed(six, ["chrony", "ntp", "two"], "[us]"), 30);
  for (const name of ["chrony", "ntpsec", "ntp", "two"] as const) assert.match(told, row(six, [name], ".", "[us]"));
  for (const name of OURS) near(await six.clock(name).ahead(), 0, TRUE, `${name}'s clock`);
  near(await six.clock("ntpsec").ahead(), 0, TRUE, "NTPsec's clock");
}

/**
 * One loses chronyd in the moment that ntpd dies: the time comes from two. Three prunes ntpd, and finds two, which answers
 * the group by now. Then two loses chronyd as well, and both follow ntpd, which is back.
 */
async function loseSources(six: SixHosts, watch: Watch): Promise<void> {
  const since = watch.now;
  await six.cut("one", "chrony");
  await six.stop("ntp");
  await six.ntpkitRuns("two", { manycast: true });
  await Promise.all([
    watch.until(
      "one",
      "follows two for want of others",
      FOUND,
      ({ chrony, ntp, two }) => silent(chrony) && silent(ntp) && two?.tally === "*",
    ),
    watch.until(
      "three",
      "has pruned ntpd and found two",
      FOUND,
      ({ one, two, ntp }) => ntp === undefined && [one, two].every(believed),
    ),
  ]);
  await six.ntpdServes();
  await six.cut("two", "chrony");
  await Promise.all([
    ...(["one", "two"] as const).map((name) =>
      watch.until(
        name,
        "follows ntpd by key",
        FOUND,
        ({ chrony, ntp }) => silent(chrony) && ntp?.tally === "*" && ntp.authentication === "ok",
      ),
    ),
    watch.until("three", "has found ntpd again", FOUND, ({ one, two, ntp }) => [one, two, ntp].every(believed)),
  ]);
  await Promise.all([six.mend("one", "chrony"), six.mend("two", "chrony")]);
  for (const name of ["one", "two"] as const)
    await watch.until(name, "has chronyd back", FORGOTTEN, ({ chrony, ntp }) => [chrony, ntp].every(believed));
  watch.truthful(OURS, since, TRUE);
}

/** The LAN is parted: either side goes on by the server it has; joined again, all are one. NTPsec is a server from then on. */
async function part(six: SixHosts, watch: Watch): Promise<void> {
  const since = watch.now;
  const side = ["ntp", "ntpsec", "two"] as const;
  await six.plug(side, 1);
  await Promise.all([
    watch.until(
      "one",
      "goes on by chronyd",
      FOUND,
      ({ chrony, ntp, two, ntpsec }) => chrony?.tally === "*" && [ntp, two, ntpsec].every(silent),
    ),
    watch.until(
      "two",
      "goes on by ntpd",
      FOUND,
      ({ chrony, ntp, one }) => ntp?.tally === "*" && [chrony, one].every(silent),
    ),
    watch.until("three", "goes on by one", FOUND, ({ one }) => one?.tally === "*"),
    watch.ntpq("ntpsec", followed(six, ["two"], "u"), FOUND, "ntpsec"),
  ]);
  watch.right([...OURS, "ntpsec"], since, TRUE);
  await six.stop("ntpsec");
  await six.plug(side, 0);
  await six.ntpsecServes();
  for (const [name, peer] of [
    ["one", "two"],
    ["two", "one"],
  ] as const) {
    await watch.until(name, "believes all", FORGOTTEN, ({ chrony, ntp, ntpsec, [peer]: other }) =>
      [chrony, ntp, ntpsec, other].every(believed),
    );
  }
  await watch.until("three", "has all three", FOUND, ({ one, two, ntp }) => [one, two, ntp].every(believed));
  watch.truthful(OURS, since, TRUE);
}

/** chronyd begins to lie by a second, ntpd by five milliseconds a minute: both are outvoted. */
async function lie(six: SixHosts, watch: Watch): Promise<void> {
  const since = watch.now;
  await six.clock("ntp").run(DRIFT);
  await six.clock("chrony").shift(1);
  for (const name of ["one", "two"] as const) {
    const { chrony } = await watch.until(name, "calls chronyd a falseticker", FORGOTTEN, (table) =>
      isOutvoted(table.chrony),
    );
    assert.equal(chrony?.reason, "outsideIntersection");
  }
  assert.match(await watch.ntpq("one", /^x/m, 30), row(six, ["chrony"], "x", "u"));
  await six.clock("chrony").shift(-1);
  for (const name of ["one", "two"] as const)
    await watch.until(name, "believes chronyd again", FORGOTTEN, ({ chrony }) => believed(chrony));
  for (const name of ["one", "two"] as const)
    await watch.until(
      name,
      "calls ntpd a falseticker",
      600,
      ({ chrony, ntp, ntpsec }) => isOutvoted(ntp) && [chrony, ntpsec].every(believed),
    );
  assert.match(await watch.ntpq("two", /^x/m, 30), row(six, ["ntp"], "x", "s"));
  watch.note(`ntpd is ${((await six.clock("ntp").ahead()) * 1e3).toFixed(3)} ms off`);
  watch.truthful(OURS, since, TRUE);
}

/** The liars are mended: chronyd and ntpd begin anew, and know nothing but what ours tell them. */
async function followOurs(six: SixHosts, watch: Watch): Promise<void> {
  for (const name of ["chrony", "ntp"] as const) await six.stop(name);
  await six.clock("ntp").shift(0.3);
  await six.clock("chrony").shift(0.2);
  await Promise.all([six.chronydFollows(), six.ntpdFollows("ntp")]);
  await watch.ntpq("ntp", followed(six, OURS, "u"), FORGOTTEN);
  near(await six.clock("ntp").ahead(), 0, 0.02, "ntpd's clock");
  const { offset, delay, stratum } = await six.world.ask(six.host("chrony"), "127.0.0.1", "synchronized", FORGOTTEN);
  near(offset, 0, TRUE + delay / 2, "what chronyd tells");
  assert.ok(stratum >= 5 && stratum <= 7, `chronyd is at stratum ${stratum}`);
}

/** All stays well until the ten minutes are over, which the chapters before may have taken already: at least once it is looked at. */
async function stay(six: SixHosts, watch: Watch): Promise<void> {
  const since = watch.now;
  do {
    await sleep(AGAIN * 1000);
    for (const name of OURS)
      await watch.until(name, "follows somebody", FORGOTTEN, (table) =>
        Object.values(table).some((row) => row.tally === "*"),
      );
    await watch.ntpq("ntp", followed(six, OURS, "u"), FORGOTTEN);
  } while (watch.now < STORY);
  watch.truthful(OURS, since, TRUE);
  near(await six.clock("ntp").ahead(), 0, 0.02, "ntpd's clock");
  assert.ok(watch.now >= STORY, `the story lasted ${watch.now} s`);
}

/** Told to, ours end with 0. */
async function leave(six: SixHosts): Promise<void> {
  for (const name of OURS) assert.equal(await six.stop(name), 0, `the exit code of ${name}`);
}

function isOutvoted(of: Row | undefined): boolean {
  return of?.tally === "x" && of.verdict === "falseticker";
}

/** A row of ntpq's about one of these hosts. */
function row(six: SixHosts, names: readonly Name[], tally: string, type: string): RegExp {
  return new RegExp(`^${tally}(${names.map((name) => six.host(name).ipv4).join("|")}) +\\S+ +\\d+ ${type} `, "m");
}

function followed(six: SixHosts, names: readonly Name[], type: string): RegExp {
  return row(six, names, "\\*", type);
}

/** Rows about all of these. */
function believes(six: SixHosts, names: readonly Name[], type: string): RegExp {
  return new RegExp(
    names.map((name) => `(?=[^]*${row(six, [name], "[*+#-]", type).source.replace("^", "\\n")})`).join(""),
  );
}
