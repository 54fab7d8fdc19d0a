/** The commands that look at daemons and servers, as rows of the table of commands. */
import type { Command } from "commander";
import type { CommandRow, Running } from "./commands.ts";
import { addOptions } from "./options.ts";
import { VIEWING_GROUPS, type PeersCommandOptions, type QuestionOptions, type TraceOptions } from "./viewing-options.ts";

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

/** `peers`, the questions of mode 6, `trace`. */
export const VIEWING_COMMANDS: readonly CommandRow[] = [
  {
    name: "peers",
    text: "show the servers of a running daemon, ntpd, NTPsec, chronyd or ntpkit, and what it makes of them",
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
      command.argument("[host]", HOST).argument("[variables...]", "their names; without any, all that the daemon tells");
      addOptions(command, VIEWING_GROUPS.readvar).action(async (host: string | undefined, variables: string[], options: QuestionOptions) => {
        done(await (await import("./questions.ts")).runQuestion("readvar", host ?? null, variables, options, io));
      });
    },
  },
  ...LISTS.map(([name, text]) => question(name, text, VIEWING_GROUPS.list)),
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
