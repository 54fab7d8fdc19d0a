/** The commands that look at daemons and servers, as rows of the table of commands. */
import type { Command } from "commander";
import type { CommandRow, Running } from "./commands.ts";
import { addOptions } from "./options.ts";
import {
  VIEWING_GROUPS,
  type PeersCommandOptions,
  type CheckOptions,
  type QuestionOptions,
  type TraceOptions,
  type WaitOptions,
  type WatchOptions,
} from "./viewing-options.ts";

const SERVERS =
  "HOST, HOST:PORT, [IPv6]:PORT, with ,prefer ,noselect ,true ,key=ID behind it; those of the configuration file unless given";
const HOST = "HOST, HOST:PORT, [IPv6]:PORT; this host unless given";

/** The questions of mode 6 that take a host and nothing else. */
const LISTS: readonly (readonly [name: string, text: string])[] = [
  ["sysinfo", "what a daemon says of its system"],
  ["kerninfo", "what a daemon says of its kernel's clock"],
  ["sysstats", "how many packets a daemon has received and refused"],
  ["iostats", "a daemon's buffers and sockets"],
  ["timerstats", "a daemon's timer"],
  ["authinfo", "a daemon's keys, by number"],
  ["monstats", "the size of a daemon's list of addresses heard"],
];

/** `peers`, the questions of mode 6, `trace`, `check`, `wait`, `watch`. */
export const VIEWING_COMMANDS: readonly CommandRow[] = [
  {
    name: "peers",
    text: "show the servers of a running daemon, ntpd, NTPsec, chronyd, ntpd-rs or ntpkit, and what it makes of them",
    build(command, { io, done }) {
      command.argument("[hosts...]", HOST);
      addOptions(command, VIEWING_GROUPS.peers).action(async (hosts: string[], options: PeersCommandOptions) => {
        done(await (await import("./peers.ts")).runPeers(hosts, options, io));
      });
    },
  },
  question("associations", "list a daemon's associations and their status", VIEWING_GROUPS.associations),
  {
    name: "readvar",
    alias: "rv",
    text: "read a daemon's variables, of its system or of an association",
    build(command, { io, done }) {
      command
        .argument("[host]", HOST)
        .argument("[variables...]", "their names; without any, all that the daemon tells");
      addOptions(command, VIEWING_GROUPS.readvar).action(
        async (host: string | undefined, variables: string[], options: QuestionOptions) => {
          done(await (await import("./questions.ts")).runQuestion("readvar", host ?? null, variables, options, io));
        },
      );
    },
  },
  ...LISTS.map(([name, text]) => question(name, text, VIEWING_GROUPS.list)),
  question("pstats", "show what a daemon counts of an association", VIEWING_GROUPS.pstats),
  question("mru", "list the addresses a daemon has heard", VIEWING_GROUPS.mru),
  question("ifstats", "list a daemon's local addresses and their traffic; needs its control key", VIEWING_GROUPS.rows),
  question("reslist", "list a daemon's access restrictions; needs its control key", VIEWING_GROUPS.rows),
  {
    name: "trace",
    text: "follow the reference ids from a server to its primary source",
    build(command, { io, done }) {
      command.argument("[host]", HOST);
      addOptions(command, VIEWING_GROUPS.trace).action(async (host: string | undefined, options: TraceOptions) => {
        done(await (await import("./trace.ts")).runTrace(host ?? null, options, io));
      });
    },
  },
  {
    name: "check",
    text: "check servers or a daemon as a monitoring plugin does: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
    usageCode: 3,
    build(command, { io, done }) {
      command.argument("[servers...]", SERVERS);
      addOptions(command, VIEWING_GROUPS.check).action(async (servers: string[], options: CheckOptions) => {
        done(await (await import("./check.ts")).runCheck(servers, options, io));
      });
    },
  },
  {
    name: "wait",
    text: "wait until the local clock is synchronized, whatever daemon does it",
    build(command, { io, done }) {
      addOptions(command, VIEWING_GROUPS.wait).action(async (options: WaitOptions) => {
        done(await (await import("./wait.ts")).runWait(options, io));
      });
    },
  },
  {
    name: "watch",
    text: "watch servers: a table and a plot of their offsets, drawn again and again",
    build(command, { io, done }) {
      command.argument("[servers...]", SERVERS);
      addOptions(command, VIEWING_GROUPS.watch).action(async (servers: string[], options: WatchOptions) => {
        done(await (await import("./watching.ts")).runWatch(servers, options, io));
      });
    },
  },
];

function question(name: string, text: string, groups: (typeof VIEWING_GROUPS)["list"]): CommandRow {
  return {
    name,
    text,
    build(command: Command, { io, done }: Running) {
      command.argument("[host]", HOST);
      addOptions(command, groups).action(async (host: string | undefined, options: QuestionOptions) => {
        done(await (await import("./questions.ts")).runQuestion(name, host ?? null, [], options, io));
      });
    },
  };
}
