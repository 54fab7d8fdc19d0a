/** What the manual says that no table knows: a description, sections and examples for each command. */
import { DAEMON_PROSE } from "./daemon.ts";
import { FINDING_PROSE } from "./finding.ts";
import type { Block, Section } from "./roff.ts";
import { REMEMBERING_SECTION } from "./remembering.ts";
import { METRICS, VIEWING_PROSE } from "./viewing.ts";

/** The words for one command. */
export interface Prose {
  readonly description: readonly Block[];
  /** After the options. */
  readonly sections: readonly Section[];
  /** A command line, and what it does. */
  readonly examples: readonly (readonly [command: string, text: string])[];
  /** Other pages, without the section. */
  readonly seeAlso: readonly string[];
}

const MEASUREMENT: readonly Block[] = [
  "Each server is asked several times, and every answer passes the packet tests of RFC 5905: it must come from the address asked, carry our random cookie, be synchronized and plausible, and be authentic where a key was asked for. The samples go through the clock filter, the servers through selection (which finds the falsetickers), clustering (which finds the outliers) and combining.",
  "The run ends as soon as a majority of the servers have three samples each and agree, or all have been heard, or `--deadline` has passed.",
];

const OFFSETS: Section = {
  title: "OUTPUT",
  blocks: [
    "`offset` is the server's time minus the local time, as ntpdate has it (chronyc prints the opposite): when it is positive, the local clock is behind. The last line says so in words. The column `±` is how far the offset may be wrong by what was measured: half the delay, the dispersion and the jitter. `reach` is the register of the last eight polls, in octal.",
    "Under the table stands one sentence for each server that is not used, saying why. Results go to standard output; progress, warnings and errors to standard error.",
    "With `--json` one document is printed, also when something went wrong; then `ok` is false and `error` has `code`, `message` and `hint`. Durations are numbers of seconds, instants ISO 8601 strings in UTC, and what is unknown is null. Its JSON Schema is in the package's `schemas` folder.",
  ],
};

const SERVERS: Section = {
  title: "SERVERS",
  blocks: [
    "A server is `HOST`, `HOST:PORT`, `IPv4:PORT`, `[IPv6]:PORT`, `[IPv6]` or a bare IPv6 address, with `%ZONE` where it is link-local. A name may stand for several servers, as those of pools do: up to four of its addresses are asked. There is no built-in server. Behind the name may stand, each after a comma:",
    {
      terms: [
        ["`prefer`", "Follow this server if it survives the selection."],
        ["`noselect`", "Measure it, but do not let it vote."],
        ["`true`", "Take it for a truechimer whatever it says."],
        ["`key=ID`", "Authenticate it with this symmetric key."],
        ["`samples=N`", "Take at most this many samples of it."],
      ],
    },
    "Durations are written `2s`, `250ms`, `1m`, `1h`, `1d`, `inf` where a limit may be off, or as a plain number of seconds. No server that is not on this host or network is asked more often than every two seconds.",
  ],
};

const KEYS: Section = {
  title: "AUTHENTICATION",
  blocks: [
    "`--keys` reads ntp.keys of ntpd and NTPsec and chrony.keys of chrony: MD5, SHA-1, SHA-2 and AES-CMAC. Lines whose secret begins with `HEX:` or `ASCII:` are read by chrony's rules, others by ntpd's (more than 20 characters are hexadecimal); `--keys-format` decides for the whole file. A server with a key is believed only when its answers carry the right code; a crypto-NAK ends it.",
  ],
};

/** The words for each command, by its name; `ntpkit` is the program itself. */
export const PROSE: Readonly<Record<string, Prose>> = {
  ntpkit: {
    description: [
      "`ntpkit` asks time servers what time it is, works out which of them can be believed, and sets the clock by those. It speaks NTP version 4 (RFC 5905) and understands versions 1 to 4.",
      "Most commands run once and end; their exit status says what came of it, so that scripts, cron and service managers can rely on it. Each command has a manual page of its own.",
    ],
    sections: [],
    examples: [
      ["ntpkit demo", "See it work, without a network and without touching the clock."],
      ["ntpkit query ntp.example.net", "How wrong is my clock?"],
      ["ntpkit sync ntp1.example.net ntp2.example.net ntp3.example.net", "Set it right."],
    ],
    seeAlso: [
      "ntpkit-sync",
      "ntpkit-query",
      "ntpkit-peers",
      "ntpkit-check",
      "ntpkit-wait",
      "ntpkit-watch",
      "ntpkit-trace",
      "ntpkit-demo",
      "ntpkit-keygen",
      "ntpkit-completion",
    ],
  },
  sync: {
    description: [
      "Sets the clock once. The servers are those given, or those of the configuration file when none are given.",
      ...MEASUREMENT,
      "The clock is then slewed when it is wrong by less than 128 ms, stepped when by more, and left alone when by more than 1000 s (`--step-threshold`, `--panic`). `--max-step` limits steps each way. Setting it needs the privilege to do so: root, or CAP_SYS_TIME on Linux. Without it the measurement is printed all the same, and the exit status is 14.",
    ],
    sections: [SERVERS, KEYS, REMEMBERING_SECTION, OFFSETS],
    examples: [
      ["ntpkit sync a.example.net b.example.net c.example.net d.example.net", "Four servers outvote one that lies."],
      ["ntpkit sync -n pool.ntp.org", "What would be done?"],
      [
        "17 * * * * ntpkit sync -q --state --frequency --spread -c /etc/ntpkit.conf",
        "A line for root's crontab: one packet a server, and a clock that stays right between two runs.",
      ],
      [
        "17 * * * * ntpkit sync -q a.example.net b.example.net c.example.net",
        "A line for root's crontab; mail comes only when something is wrong.",
      ],
      [
        "ntpkit sync --wait-network 1m --max-step backward=10s --json",
        "At boot, by the servers of the configuration file, never more than ten seconds back.",
      ],
      ["ntpkit sync --keys /etc/ntp.keys 192.0.2.7,key=10", "Believe the server only with key 10."],
    ],
    seeAlso: ["ntpkit", "ntpkit-query", "ntpkit-keygen"],
  },
  query: {
    description: [
      "Measures and judges servers as `ntpkit sync` does, but never touches the clock and needs no privilege. Each server is asked once unless `--samples` says otherwise.",
      "`--compat` prints what `ntpdate -q`, `sntp`, `ntpdig` or, as `ntpdig-json`, `ntpdig -j` would have written to standard output, for scripts that parse that; what goes to standard error, and the exit status, stay ours.",
      ...MEASUREMENT,
    ],
    sections: [SERVERS, KEYS, OFFSETS, METRICS],
    examples: [
      ["ntpkit query ntp.example.net", "How wrong is my clock?"],
      ["ntpkit query --samples 8 ntp1.example ntp2.example ntp3.example", "Which of them can be believed?"],
      ["ntpkit query --json ntp.example.net | jq .clock.offset", "The offset, for a script."],
      ["ntpkit query -v [2001:db8::7]:1123", "What happens, step by step?"],
    ],
    seeAlso: ["ntpkit", "ntpkit-sync"],
  },
  run: DAEMON_PROSE,
  ...FINDING_PROSE,
  ...VIEWING_PROSE,
  demo: {
    description: [
      "Starts five NTP servers on free ports of loopback and runs `ntpkit sync --dry-run` against them. Three agree that the local clock is a quarter of a second behind, one is five seconds off, and one says that its own clock is not set. The table shows which of them were believed, and the sentences say why the others were not.",
      "Nothing leaves the machine, nothing is changed, and no privilege is needed.",
    ],
    sections: [],
    examples: [["ntpkit demo", "Run it."]],
    seeAlso: ["ntpkit", "ntpkit-sync"],
  },
  keygen: {
    description: [
      "Makes symmetric keys with secrets from the system's source of randomness. With FILE they are written there, readable by their owner only, and an existing file is left alone unless `--force` is given; without it they are printed.",
      "Both ends need the same lines: in ntpd and NTPsec name the file with `keys` and the identifiers with `trustedkey`; for chronyd make them with `--format chrony` and name the file with `keyfile`. AES-128-CMAC (RFC 8573) is the default; MD5 is for old servers only.",
    ],
    sections: [],
    examples: [
      ["ntpkit keygen --count 4 /etc/ntp.keys", "Four keys, numbered from 1."],
      ["ntpkit keygen --type SHA1 --first-id 10", "One SHA-1 key, number 10, printed."],
    ],
    seeAlso: ["ntpkit", "ntpkit-sync"],
  },
  completion: {
    description: ["Prints a script by which a shell completes ntpkit's commands, options and their values."],
    sections: [],
    examples: [
      ['eval "$(ntpkit completion bash)"', "For bash, in ~/.bashrc."],
      ['ntpkit completion zsh > "${fpath[1]}/_ntpkit"', "For zsh."],
      ["ntpkit completion fish > ~/.config/fish/completions/ntpkit.fish", "For fish."],
    ],
    seeAlso: ["ntpkit"],
  },
};
