/** What the manual says of the commands that look at daemons and servers. */
import type { Prose } from "./prose.ts";
import type { Block, Section } from "./roff.ts";

const CONTROL: Section = {
  title: "WHO ANSWERS",
  blocks: [
    "ntpd, NTPsec and ntpkit answer mode 6 (RFC 9327) on UDP port 123, mostly to their own host only: `restrict` lines without `noquery` allow more. chronyd answers cmdmon on UDP port 323, to its own host unless `bindcmdaddress` and `cmdallow` say otherwise, and tells more over its Unix socket in /run/chrony, to root. ntpd-rs tells on its observation socket, where `observation-path` is set. All are tried at once, and who answers first is it; a port behind HOST counts for all. Where only NTP is answered, as by OpenNTPD, the exit status is 69; where nothing is, 10.",
    "For `peers`, `wait --daemon` and `check --daemon` HOST may also be the path of chronyd's or ntpd-rs's Unix socket, where it is elsewhere than /run/chrony/chronyd.sock and /var/run/ntpd-rs/observe. ntpd-rs does not tell what it makes of its sources: the one it follows is known by its reference id, and the others have the reason `untold`.",
    "What comes from the network is made safe for the terminal.",
  ],
};

const KEYS: Section = {
  title: "AUTHENTICATION",
  blocks: [
    "`--keys` and `--key` name the control key of the daemon (ntpd's `controlkey`), for the questions that need one. Key files are read as ntpkit-sync(1) reads them.",
  ],
};

/** What `--format` and `--textfile` give. */
export const METRICS: Section = {
  title: "METRICS",
  blocks: [
    "`--format openmetrics` prints figures named `ntpkit_…` in OpenMetrics 1.0; `--textfile` writes them, all at once, to a file in the text format 0.0.4 for node_exporter's textfile collector. Durations are seconds, and what is not known is left out. A Grafana dashboard and alert rules are in the package's `man/examples`.",
  ],
};

/** The questions that list some of the system's variables. */
const LISTS: Readonly<Record<string, string>> = {
  sysinfo: "its system peer, stratum, root delay and dispersion, jitter and wander",
  kerninfo: "the state of its kernel's clock and of a PPS signal",
  sysstats: "how many packets it received, processed, refused and limited, and since when",
  iostats: "its receive buffers and what its sockets did",
  timerstats: "its timer",
  authinfo: "its keys by number, and how often they were looked up",
  monstats: "the size and the limits of its list of addresses heard",
};

const ASKS: readonly string[] = [
  "ok",
  "no-reply",
  "resolve",
  "authentication",
  "deadline",
  "usage",
  "unavailable",
  "internal",
  "interrupted",
  "terminated",
];

/** What can come of each command. */
export const VIEWING_OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ["peers", "associations", "readvar", ...Object.keys(LISTS), "pstats", "mru", "ifstats", "reslist", "trace"].map(
      (name) => [name, ASKS],
    ),
  ),
  wait: ["ok", "resolve", "deadline", "usage", "unavailable", "internal", "interrupted", "terminated"],
  watch: ["ok", "no-reply", "permission", "usage", "internal", "interrupted", "terminated"],
};

/** How a monitoring plugin ends. */
export const PLUGIN_STATUS: Section = {
  title: "EXIT STATUS",
  blocks: [
    {
      terms: [
        ["`0` OK", "All is as demanded."],
        ["`1` WARNING", "A figure is beyond its warning range, or with `--leap` a leap second is announced."],
        [
          "`2` CRITICAL",
          "A figure is beyond its critical range, nobody answered, no majority agreed, or the daemon is not synchronized.",
        ],
        ["`3` UNKNOWN", "It could not be checked: a name that cannot be resolved, a mistake in the command line."],
      ],
    },
  ],
};

/** The words for each command. */
export const VIEWING_PROSE: Readonly<Record<string, Prose>> = {
  peers: {
    description: [
      "Shows the servers of a running time daemon, and what it makes of them. The daemon may be ntpd, NTPsec, chronyd, ntpd-rs or ntpkit: which it is is found out. Without HOST this host's daemon is asked; where none runs, the servers of the configuration file are polled at once, and a line on standard error says so. Several hosts are asked at the same time.",
      "The table is that of `ntpq -p`, byte for byte, since scripts read it by columns: tally, remote, refid, stratum, type (`u` unicast, `s` and `S` symmetric active and passive, `b` broadcast client, `B` and `M` broadcast and multicast server, `p` pool, `a` manycast, `l` reference clock), seconds since the last packet, poll interval, reach in octal, delay, offset and jitter in milliseconds. The offset is the server's time minus the local time, also where chronyd, which prints the opposite, was asked. `-` is what a daemon does not tell.",
      "`--compat chronyc` prints the table of `chronyc sources`, `--compat chronyc-sourcestats` and `--compat chronyc-tracking` those reports, and each with `-csv` behind it what `chronyc -c` prints, with chrony's signs: of chronyd byte for byte, of other daemons what they tell of the same, and 0 for the rest. `--compat ntpq` is the table above with 0 instead of `-`, for programs that want a number in every column.",
      "`--state` shows what runs of ntpkit-sync(1) with `--state` have left for the next: nobody is asked, and the file is left as it is. `when` counts from the last answer, and offset and jitter are those of the clock filter as it would be taken up now; below stand how old all that is, how fast the clock runs by itself, and who is on probation, is left alone or has sent us away. With `--json` all this is in `remembered`. The exit status is 69 where nothing is remembered.",
      "`--wide` is a table for people: names in full, who is authenticated how, the last eight polls as a bar, why a server is not used. In a terminal of less than 72 columns it has the stratum, the polls and the offset.",
      "`--explain` runs ntpkit's own selection on what the daemon reported, draws each server's correctness interval with the part that a majority agree on shaded, and says of every other server why it is not used. The daemon may have decided otherwise, since it decides on what it knew at its last update; then the sentence says so.",
    ],
    sections: [
      CONTROL,
      KEYS,
      METRICS,
      jsonSection(
        "peers",
        "`hosts` has for each host `protocol` (`mode6`, `cmdmon`, `observe` for ntpd-rs, `live`, or `state`), `daemon`, `system` and `associations`, with the fields of ntpkit-query(1) and `type`, `when` and `variables`; a host that told nothing has `ok` false and `error`. The exit status is 0 if any host told something. With `--watch` there is one document a line.",
      ),
    ],
    examples: [
      ["ntpkit peers -n", "This host's servers, by address."],
      ["ntpkit peers --state", "What will the next run of cron start from?"],
      ["ntpkit peers --explain", "Why is that server not used?"],
      [
        "* * * * * ntpkit peers -q --textfile /var/lib/prometheus/node-exporter/ntpkit.prom",
        "A line for crontab: this host's daemon in Prometheus.",
      ],
      ["ntpkit peers --wide --watch 2s ntp1.example.net ntp2.example.net", "Two daemons, every two seconds."],
      ["ntpkit peers --json | jq '.hosts[].associations[] | {name, reason}'", "Who is not used, and why?"],
    ],
    seeAlso: ["ntpkit", "ntpkit-readvar", "ntpkit-associations", "ntpkit-trace"],
  },
  associations: question(
    [
      "Lists the associations of a daemon that speaks mode 6: their identifiers and what their status words say, as ntpq's `associations` does.",
    ],
    [["ntpkit associations", "Which associations has this host's daemon?"]],
    "`associations` has `id` and `status`, the status word decoded.",
    "associations",
  ),
  readvar: question(
    [
      "Reads variables of a daemon that speaks mode 6, as ntpq's `rv` does: of its system, of an association (`--association`), or of a reference clock (`--clock`). Named variables are printed alone; a name that the daemon does not know makes it refuse. `ntpkit rv` is the same.",
    ],
    [
      ["ntpkit readvar", "All system variables."],
      ["ntpkit rv localhost offset sys_jitter", "Two of them."],
      ["ntpkit rv --association 4711 localhost", "Those of an association."],
    ],
    "`variables` has the values by name, as the daemon wrote them but without quotes; `status` is the status word decoded.",
    "readvar",
  ),
  ...Object.fromEntries(
    Object.entries(LISTS).map(([name, what]) => [
      name,
      question(
        [
          `Shows of a daemon that speaks mode 6 ${what}, as ntpq's \`${name}\` does. Lines whose variables the daemon does not know are left out.`,
        ],
        [[`ntpkit ${name} --json`, "The same for a script."]],
        "`variables` has the values by name.",
        name,
      ),
    ]),
  ),
  pstats: question(
    [
      "Shows what a daemon that speaks mode 6 counts of an association, as ntpq's `pstats` does: when it was last heard and will be asked again, packets sent and received, and how many of those were wrong in which way. Lines whose variables the daemon does not know are left out.",
    ],
    [
      [
        "ntpkit associations; ntpkit pstats --association 4711",
        "Which associations are there, and how does this one fare?",
      ],
    ],
    "`variables` has the values by name; `status` is the status word decoded.",
    "pstats",
  ),
  mru: question(
    [
      "Lists the addresses that a daemon has heard last, with how often and how recently, as ntpq's `mrulist` does. The list is read a slice at a time while it changes: an address that is heard again meanwhile is shown once. There is no deadline unless one is given.",
    ],
    [
      ["ntpkit mru --sort -count --limit 1000 -n", "Who asks most?"],
      ["ntpkit mru --json | jq '.entries | length'", "How many ask?"],
    ],
    "`entries` has `address`, `port`, `count`, `mode`, `version`, `restrictions`, and `first` and `last` as instants.",
    "mru",
  ),
  ifstats: question(
    [
      "Lists the local addresses of a daemon and what was received and sent there, as ntpq's `ifstats` does. The daemon wants its control key.",
    ],
    [["ntpkit ifstats --keys /etc/ntp.keys --key 7", "With control key 7."]],
    "`interfaces` has the fields as the daemon names them.",
    "ifstats",
  ),
  reslist: question(
    [
      "Lists the access restrictions of a daemon and how often each was met, as ntpq's `reslist` does. The daemon wants its control key.",
    ],
    [["ntpkit reslist --keys /etc/ntp.keys --key 7", "With control key 7."]],
    "`restrictions` has `addr`, `mask`, `hits` and `flags`.",
    "reslist",
  ),
  trace: {
    description: [
      "Follows the reference ids from a server to the server it follows and on, up to a primary source, and prints a line for each, as ntptrace does: its stratum, its offset in seconds, its synchronization distance, and of a primary server the reference id.",
      "Each is asked by mode 6, and where that is not answered by NTP: then the offset is the server's time minus the local time, and the way ends at a server that follows an IPv6 address, whose reference id is only a digest of it.",
    ],
    sections: [
      CONTROL,
      jsonSection(
        "trace",
        "`hops` has the servers in order, `protocol` saying how each was asked; `primary` is true when the last one is a primary server, and `end` says why the trace ended early.",
      ),
    ],
    examples: [["ntpkit trace -n ntp.example.net", "Where does it have the time from?"]],
    seeAlso: ["ntpkit", "ntpkit-peers"],
  },
  check: {
    description: [
      "Checks time servers, or a time daemon, in the way of monitoring plugins: one line on standard output that begins with `NTP OK`, `NTP WARNING`, `NTP CRITICAL` or `NTP UNKNOWN`, behind `|` the figures with their thresholds, and the same as the exit status. Line and figures are those of check_ntp_time and check_ntp_peer 2.4, with and without `--compat check_ntp_time`; the offset is the server's time minus the local time.",
      "SERVERs are asked as `ntpkit query` asks them, several at once: then the offset is that of the servers that agree, and `--truechimers` says how many those must be. With `--daemon` a daemon is asked what it thinks of its own clock, whichever daemon it is.",
      "A range is written as plugins write it: all is well within `0` to `N` for `N`, from `N` up for `N:`, up to `N` for `~:N`, within both for `A:B`, and outside of them for `@A:B`. Durations are seconds, or have a unit: `250ms`. Of an offset the size counts where the range has no colon. No answer, and servers that do not agree, are critical; a name that cannot be resolved and a mistake in the command line are unknown.",
    ],
    sections: [
      METRICS,
      jsonSection(
        "check",
        "`status` and `message` say what the line says, `figures` has each figure with its own status.",
      ),
    ],
    examples: [
      ["ntpkit check -w 50ms -c 500ms ntp.example.net", "As check_ntp_time does."],
      ["ntpkit check --truechimers 3:,2: ntp1.example ntp2.example ntp3.example", "Do all three agree?"],
      ["ntpkit check --daemon localhost -w 5ms -c 50ms --rootdistance 100ms,1s", "Is this host's daemon well?"],
    ],
    seeAlso: ["ntpkit", "ntpkit-query", "ntpkit-peers"],
  },
  wait: {
    description: [
      "Waits until the local clock is synchronized: until this host's time daemon, whichever it is, says that it is, or, where none answers, until the kernel does, whom daemons tell. With `--offset` and `--distance` it must be right within these, too. Nothing is sent to other hosts, and nothing is changed.",
    ],
    sections: [
      CONTROL,
      jsonSection(
        "wait",
        "`source` is `daemon` or `kernel`; `synchronized`, `offset` and `maximumError` are what it said last; a daemon that is not synchronized says nothing of its errors.",
      ),
    ],
    examples: [
      ["ntpkit wait --timeout 5m --offset 100ms", "Before starting what needs the time."],
      ["ntpkit wait --timeout 0s -q && echo good", "Is it synchronized now?"],
    ],
    seeAlso: ["ntpkit", "ntpkit-peers"],
  },
  watch: {
    description: [
      "Polls servers as a daemon does, without touching the clock, and shows how they fare. On a terminal a table and a plot of the offsets are drawn again every second: a digit is a server, the dots above and below it are how far it may be wrong, the shaded band is how far the time that is followed may be, and a triangle at the edge is a server beyond the plot, whose scale is that of the servers that agree. Marks below say what happened: `*` another server is followed, `!` none is, `s` somebody stepped the clock, `k` a kiss came, `x` a server became a falseticker, `?` one fell silent. Elsewhere there is a line for each server every ten seconds.",
      "Servers of this host and network are polled every 8 to 16 seconds, others every 16 to 64. It goes on until interrupted.",
    ],
    sections: [jsonSection("watch", "One document of the form of ntpkit-query(1) is printed on a line each time.")],
    examples: [
      ["ntpkit watch ntp1.example.net ntp2.example.net ntp3.example.net", "See them drift."],
      ["ntpkit watch --every 1m ntp.example.net >> offsets.log", "Keep a record."],
    ],
    seeAlso: ["ntpkit", "ntpkit-query", "ntpkit-peers"],
  },
};

function question(description: readonly Block[], examples: Prose["examples"], carried: string, command: string): Prose {
  return {
    description,
    sections: [CONTROL, KEYS, jsonSection(command, carried)],
    examples,
    seeAlso: ["ntpkit", "ntpkit-peers"],
  };
}

function jsonSection(command: string, text: string): Section {
  return {
    title: "JSON",
    blocks: [
      `${text} Durations are seconds unless they are a daemon's own variables, which are as the daemon wrote them; unknown is null. The schema is \`schemas/${command}.json\` of the package.`,
    ],
  };
}
