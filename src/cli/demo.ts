/** `ntpkit demo`: the main job on embedded servers. Five start on loopback, and sync runs against them as a dry run. */
import { onceConfig } from "../config/options.ts";
import { parseServer } from "../config/servers.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { wrapped } from "../view/text.ts";
import { DEMO_ADDRESS, startServer, type Character, type DemoServer } from "./demo/server.ts";
import { exitCode } from "./exit.ts";
import type { Io } from "./io.ts";
import { measure, thisMachine } from "./measure.ts";
import type { CommonOptions } from "./options/offers.ts";
import { tellRun } from "./tell.ts";
import { askingFace } from "./asking-face.ts";
import { session } from "./session.ts";

/** The servers: three agree that the local clock is a quarter of a second behind, one lies, one does not know. */
const CHARACTERS: readonly Character[] = [
  { name: "honest", ahead: 0.25, stratum: 1, refid: "GPS" },
  { name: "truthful", ahead: 0.2502, stratum: 2, refid: "203.0.113.1" },
  { name: "candid", ahead: 0.2499, stratum: 2, refid: "203.0.113.2" },
  { name: "liar", ahead: 5, stratum: 1, refid: "GPS" },
  { name: "lost", ahead: 0, stratum: null, refid: "INIT" },
];

const BEFORE = `Five NTP servers start on loopback, and ntpkit sync --dry-run asks them all.
Three agree, one is five seconds off, and one has not set its own clock yet.

`;

const AFTER = `
Now with servers of your own:
  ntpkit query ntp.example.net    measures, needs no privilege
  ntpkit sync ntp.example.net     sets the clock, needs CAP_SYS_TIME
`;

/**
 * Runs the demonstration.
 * @returns the exit code
 */
export async function runDemo(options: CommonOptions, io: Io): Promise<number> {
  const machine = thisMachine();
  const servers = await Promise.all(CHARACTERS.map((character) => startServer(character, machine.read)));
  try {
    const specs = servers.map(({ port }) => parseServer(`${DEMO_ADDRESS}:${port}`));
    const config = onceConfig("sync", specs, { interval: 0.2, dryRun: true }, null, machine.facts);
    const wordy = options.json !== true && options.quiet !== true;
    if (wordy) io.out.write(fitted(BEFORE, io));
    const { snapshot, outcome } = await session(askingFace("demo", config, options), options, io, (watch) =>
      measure({ ...watch, config, keyring: null, machine }),
    );
    const code = await tellRun(
      { command: "demo", snapshot: withNames(snapshot, servers), outcome, config, daemon: null, stateWarnings: [] },
      options,
      io,
    );
    if (wordy && code === exitCode("ok")) io.out.write(fitted(AFTER, io));
    return code;
  } finally {
    for (const server of servers) server.close();
  }
}

/** Lines as they fit the terminal. */
function fitted(text: string, { out }: Io): string {
  return text
    .split("\n")
    .flatMap((line) => wrapped(line, out.columns))
    .join("\n");
}

/** The servers by what they are called, beside where they are. */
function withNames(snapshot: Snapshot, servers: readonly DemoServer[]): Snapshot {
  const names = new Map(servers.map(({ port, character }) => [port, character.name]));
  return {
    ...snapshot,
    associations: snapshot.associations.map((association) => ({
      ...association,
      name: names.get(association.port) ?? association.name,
    })),
  };
}
