/** The one table of commands: what each takes, and which module does it, loaded only when it is asked for. */
import type { Io } from "./io.ts";
import type { CommandName, OptionsOf } from "./options/offers.ts";
import { QUESTIONS, type QuestionName } from "./questions.ts";

/** Something that stands on the command line without a flag. */
export interface Operand {
  /** As commander has it: `<shell>`, `[file]`, `[servers...]`. */
  readonly word: string;
  readonly text: string;
}

/** The headings of the list of commands. */
export const COMMAND_GROUPS = {
  ask: "Ask what time it is, and set the clock:",
  find: "Find servers:",
  serve: "Serve and stay:",
  see: "See what daemons and servers do:",
  question: "Single questions to a daemon, as ntpq asks them; ntpkit-questions(1):",
  help: "Help:",
} as const;

/** One command. */
export interface CommandRow {
  readonly name: CommandName;
  /** Another name for it. */
  readonly alias?: string;
  readonly group: keyof typeof COMMAND_GROUPS;
  /** One line, for the list of commands. */
  readonly text: string;
  readonly operands: readonly Operand[];
  /** Whoever runs it reads one line of standard output and an exit code whatever happens; it ends with this one where it fails. */
  readonly pluginCode?: number;
  /**
   * Runs it.
   * @param given operands
   * @param options what its rows parse to
   * @returns the exit code
   */
  readonly run: (given: readonly string[], options: never, io: Io) => Promise<number>;
}

const BEHIND = "with ,prefer ,noselect ,true ,key=ID";
const SERVERS: Operand = {
  word: "[servers...]",
  text: `HOST, HOST:PORT, [IPv6]:PORT, ${BEHIND} ,samples=N behind it; a name may stand for many servers`,
};
const CONFIGURED: Operand = {
  word: "[servers...]",
  text: `HOST, HOST:PORT, [IPv6]:PORT, ${BEHIND} behind it; those of the configuration file unless given`,
};
const HOST_TEXT = "HOST, HOST:PORT, [IPv6]:PORT; this host unless given";
const HOST: Operand = { word: "[host]", text: HOST_TEXT };

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandRow[] = [
  command("sync", {
    group: "ask",
    text: "set the clock once from the servers given, or from the configuration file",
    operands: [SERVERS],
    run: async (servers, options, io) => (await import("./once.ts")).runOnce("sync", servers, options, io),
  }),
  command("query", {
    group: "ask",
    text: "measure servers and judge them as sync does, but never touch the clock",
    operands: [SERVERS],
    run: async (servers, options, io) => (await import("./once.ts")).runOnce("query", servers, options, io),
  }),
  command("pool", {
    group: "find",
    text: "find the servers behind a name, measure and judge them all",
    operands: [{ word: "[names...]", text: "NAME or NAME:PORT, with ,key=ID ,samples=N behind it" }],
    run: async (names, options, io) => (await import("./find.ts")).runFinding("pool", names, options, io),
  }),
  command("broadcast", {
    group: "find",
    text: "listen to the broadcast and multicast servers of the network",
    operands: [
      {
        word: "[addresses...]",
        text: "a group or a broadcast address; without any, all broadcasts of all interfaces",
      },
    ],
    run: async (named, options, io) => (await import("./find.ts")).runFinding("broadcast", named, options, io),
  }),
  command("manycast", {
    group: "find",
    text: "search a group for servers, ring by ring, and measure them",
    operands: [{ word: "[groups...]", text: "a multicast group: 239.1.1.1, ff05::101, ff02::101%eth0" }],
    run: async (groups, options, io) => (await import("./find.ts")).runFinding("manycast", groups, options, io),
  }),
  command("serve", {
    group: "serve",
    text: "answer clients with the time of the servers named, or of the local clock",
    operands: [{ word: "[servers...]", text: `servers to follow: HOST, HOST:PORT, [IPv6]:PORT, ${BEHIND} behind it` }],
    run: async (servers, options, io) => (await import("./serve.ts")).runServe(servers, options, io),
  }),
  command("run", {
    group: "serve",
    text: "stay, keep the clock right and answer clients, as ntp.conf says",
    operands: [],
    run: async (_given, options, io) => (await import("./run.ts")).runDaemon(options, io),
  }),
  command("peers", {
    group: "see",
    text: "show the servers of a running daemon, ntpd, NTPsec, chronyd, ntpd-rs or ntpkit, and what it makes of them",
    operands: [{ word: "[hosts...]", text: HOST_TEXT }],
    run: async (hosts, options, io) => (await import("./peers.ts")).runPeers(hosts, options, io),
  }),
  ...Object.entries(QUESTIONS).map(([name, text]) => question(name as QuestionName, text)),
  command("trace", {
    group: "see",
    text: "follow the reference ids from a server to its primary source",
    operands: [HOST],
    run: async ([host], options, io) => (await import("./trace.ts")).runTrace(host ?? null, options, io),
  }),
  command("nts", {
    group: "see",
    text: "examine a server's Network Time Security step by step, and say what is to be done about it",
    operands: [{ word: "<host>", text: "HOST, HOST:PORT, [IPv6]:PORT; the port is that of key establishment" }],
    run: async ([host], options, io) => (await import("./nts.ts")).runNts(host!, options, io),
  }),
  command("check", {
    group: "see",
    text: "check servers or a daemon as a monitoring plugin does: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
    operands: [CONFIGURED],
    pluginCode: 3,
    run: async (servers, options, io) => (await import("./check.ts")).runCheck(servers, options, io),
  }),
  command("wait", {
    group: "see",
    text: "wait until the local clock is synchronized, whatever daemon does it",
    operands: [],
    run: async (_given, options, io) => (await import("./wait.ts")).runWait(options, io),
  }),
  command("now", {
    group: "ask",
    text: "tell the time with its bounds: how early and how late it can truly be, by this host's daemon or by servers",
    operands: [
      {
        word: "[servers...]",
        text: `servers to ask: HOST, HOST:PORT, [IPv6]:PORT, ${BEHIND} behind it; this host's daemon, or its kernel, unless given`,
      },
    ],
    run: async (servers, options, io) => (await import("./now.ts")).runNow(servers, options, io),
  }),
  command("watch", {
    group: "see",
    text: "watch servers: a table and a plot of their offsets, drawn again and again",
    operands: [CONFIGURED],
    run: async (servers, options, io) => (await import("./watch.ts")).runWatch(servers, options, io),
  }),
  command("decode", {
    group: "see",
    text: "say what each NTP packet of a capture means, and what is the matter with it",
    operands: [{ word: "<file>", text: "a pcap or pcapng file; - reads standard input" }],
    run: async ([file], options, io) => (await import("./decode.ts")).runDecode(file!, options, io),
  }),
  command("report", {
    group: "see",
    text: "draw what time daemons have written down, as one page with plots: statistics of ntpd, NTPsec, chrony and ntpkit",
    operands: [
      {
        word: "[files...]",
        text: "loopstats, peerstats, rawstats, chrony's logs, --json lines; - reads standard input",
      },
    ],
    run: async (files, options, io) => (await import("./report.ts")).runReport(files, options, io),
  }),
  command("simulate", {
    group: "see",
    text: "run the daemon's engine on the hosts of a simulated network, and say how wrong their clocks truly were",
    operands: [
      { word: "[file]", text: "a world in TOML; - reads standard input; without it --config names an ntp.conf to try" },
    ],
    run: async ([file], options, io) => (await import("./simulate.ts")).runSimulate(file ?? null, options, io),
  }),
  command("demo", {
    group: "help",
    text: "see a run of sync against five embedded servers, one lying and one lost, without touching the clock",
    operands: [],
    run: async (_given, options, io) => (await import("./demo.ts")).runDemo(options, io),
  }),
  command("keygen", {
    group: "serve",
    text: "make symmetric keys in the form of ntp.keys or chrony.keys, or a host's keys for Autokey",
    operands: [
      { word: "[file]", text: "where to write them, readable by its owner only; without it they are printed" },
    ],
    run: async ([file], options, io) => (await import("./keygen.ts")).runKeygen(file ?? null, options, io),
  }),
  command("adopt", {
    group: "serve",
    text: "take over the configuration, keys and frequency of another time daemon of this machine, or show them",
    operands: [
      {
        word: "[daemon]",
        text: "one of ntpsec, ntpd, chrony, ntpd-rs, openntpd or timesyncd; the one that is enabled, or the first that is configured, unless given",
      },
    ],
    run: async ([daemon], options, io) => (await import("./adopt.ts")).runAdopt(daemon ?? null, options, io),
  }),
  command("man", {
    group: "help",
    text: "print a page of the manual, or an example: configurations, units, worlds to simulate",
    operands: [{ word: "[topic]", text: "a command, examples for a list of them, or a name of that list" }],
    run: async ([topic], _options, io) => (await import("./manual.ts")).runManual(topic ?? null, io),
  }),
  command("completion", {
    group: "help",
    text: "print the script that completes ntpkit's commands and options in a shell",
    operands: [{ word: "<shell>", text: "one of bash, zsh, fish" }],
    run: async ([shell], _options, io) => (await import("./completion.ts")).runCompletion(shell!, io),
  }),
];

/** The command of a name or another name for it. */
export function commandNamed(name: string | undefined): CommandRow | null {
  return COMMANDS.find((row) => row.name === name || row.alias === name) ?? null;
}

function command<C extends CommandName>(
  name: C,
  row: Omit<CommandRow, "name" | "run"> & {
    readonly run: (given: readonly string[], options: OptionsOf<C>, io: Io) => Promise<number>;
  },
): CommandRow {
  return { name, ...row };
}

function question(name: QuestionName, text: string): CommandRow {
  return command(name, {
    ...(name === "readvar" ? { alias: "rv" } : {}),
    group: "question",
    text,
    operands:
      name === "readvar"
        ? [HOST, { word: "[variables...]", text: "their names; without any, all that the daemon tells" }]
        : [HOST],
    run: async ([host, ...variables], options, io) =>
      (await import("./question.ts")).runQuestion(name, host ?? null, variables, options, io),
  });
}
