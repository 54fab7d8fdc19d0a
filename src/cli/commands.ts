/** The one table of commands: what each takes, and which module does it, loaded only when it is asked for. */
import type { Command } from "commander";
import { FINDING_COMMANDS } from "./finding-commands.ts";
import type { Io } from "./io.ts";
import { SYNC_GROUPS } from "./remembering-options.ts";
import { SERVE_COMMAND } from "./serve-options.ts";
import {
  addOptions,
  OPTION_GROUPS,
  SHELLS,
  type CommonOptions,
  type DaemonRunOptions,
  type KeygenOptions,
  type RunOptions,
} from "./options.ts";
import { VIEWING_COMMANDS } from "./viewing-commands.ts";

/** What a command is given to run with. */
export interface Running {
  readonly io: Io;
  /** The whole tree. */
  readonly program: Command;
  /** Takes the exit code. */
  readonly done: (code: number) => void;
}

/** One command. */
export interface CommandRow {
  readonly name: string;
  /** Another name for it. */
  readonly alias?: string;
  /** One line, for the list of commands. */
  readonly text: string;
  /** How it ends when its command line is wrong; 64 unless given. */
  readonly usageCode?: number;
  /** Adds arguments, options and the action. */
  readonly build: (command: Command, running: Running) => void;
}

const SERVERS =
  "HOST, HOST:PORT, [IPv6]:PORT, with ,prefer ,noselect ,true ,key=ID ,samples=N behind it; a name may stand for many servers";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: "sync",
    text: "set the clock once from the servers given, or from the configuration file",
    build: (command, running) => once(command, "sync", running),
  },
  {
    name: "query",
    text: "measure servers and judge them as sync does, but never touch the clock",
    build: (command, running) => once(command, "query", running),
  },
  ...FINDING_COMMANDS,
  SERVE_COMMAND,
  {
    name: "run",
    text: "stay, keep the clock right and answer clients, as ntp.conf says",
    build(command, { io, done }) {
      addOptions(command, OPTION_GROUPS.run).action(async (options: DaemonRunOptions) => {
        done(await (await import("./run.ts")).runDaemon(options, io));
      });
    },
  },
  ...VIEWING_COMMANDS,
  {
    name: "demo",
    text: "see a run of sync against five embedded servers, one lying and one lost, without touching the clock",
    build(command, { io, done }) {
      addOptions(command, OPTION_GROUPS.demo).action(async (options: CommonOptions) => {
        done(await (await import("./demo.ts")).runDemo(options, io));
      });
    },
  },
  {
    name: "keygen",
    text: "make symmetric keys in the form of ntp.keys or chrony.keys",
    build(command, { io, done }) {
      command.argument("[file]", "where to write them, readable by its owner only; without it they are printed");
      addOptions(command, OPTION_GROUPS.keygen).action(async (file: string | undefined, options: KeygenOptions) => {
        done((await import("./keygen.ts")).runKeygen(file ?? null, options, io));
      });
    },
  },
  {
    name: "completion",
    text: "print the script that completes ntpkit's commands and options in a shell",
    build(command, { io, program, done }) {
      command.argument("<shell>", `one of ${SHELLS.join(", ")}`);
      command.action(async (shell: string) => {
        done((await import("./completion.ts")).runCompletion(shell, program, io));
      });
    },
  },
];

function once(command: Command, name: "sync" | "query", { io, done }: Running): void {
  command.argument("[servers...]", SERVERS);
  const groups = name === "sync" ? SYNC_GROUPS : OPTION_GROUPS[name];
  addOptions(command, groups).action(async (servers: string[], options: RunOptions) => {
    done(await (await import("./once.ts")).runOnce(name, servers, options, io));
  });
}
