/** What the manual says of the daemon. */
import type { Prose } from "./prose.ts";
import { daemonConfigurationFile } from "./tables.ts";

/** The words for `run`. */
export const DAEMON_PROSE: Prose = {
  description: [
    "`ntpkit run` stays: it asks the servers of its configuration for as long as it lives, finds others where it is told to, keeps the clock right, and answers clients. It runs in the foreground, as service managers want it, and writes its log to standard error.",
    "The clock is steered by what the selection agrees on. With `--no-clock` all is done but that: the log and the control queries say what would be, clients are told the time that is known, not what the clock reads, and no offset is too large. One daemon steers a clock; a second copy, or another time daemon, ends with 18.",
    "The kernel is told how far off its clock can be, so `timedatectl`, `adjtimex` and exporters of timex show what is true. A leap second that the list of `leapfile` announces, or without a list most of the servers, is told to the kernel on the last day of the month, and taken back when it is over.",
    "`--check` reads the configuration and prints what comes of it, every default filled in, and what is wrong with the key file; of a file that cannot be used, a line for each fault; nothing is looked up, opened or set. `--from` translates chrony.conf, or ntp.toml of ntpd-rs, and keeps what has no like as a comment.",
  ],
  sections: [
    daemonConfigurationFile(),
    {
      title: "CONTROL QUERIES",
      blocks: [
        "ntpq, `ntpkit peers` and the other readers of a daemon are answered on this host only, unless `restrict` lines let others ask, and then within a budget of octets a source, since an answer can be longer than its question.",
        "With the key of `controlkey`, from where no `restrict` line says `nomodify`, ntpq's `:config` adds lines to the configuration: those about associations, access, selection and discovery, and none that name a file. They count until the file is read anew. `:config unpeer NAME` takes the lines with that name away.",
      ],
    },
    {
      title: "NAMES IN RESTRICT LINES",
      blocks: [
        "A name counts for all its addresses, once they are known; they are looked up again each hour. Who can forge an answer of DNS can become one of them: open by name only what anybody may have.",
      ],
    },
    {
      title: "DISCOVERED SERVERS",
      blocks: [
        "Where servers are found by broadcast or by search, those of our own stratum are avoided unless there is `tos cohort 1`, on the clients and on the servers that answer searches. Whoever is found first is followed alone, for nobody is there to outvote it; should it be wrong and of a low stratum, servers that are no lower than we are by then are not heard before it falls silent. With `tos minsane 2` nobody is believed alone: we stay unsynchronized, to whom servers of every stratum are welcome, until two agree.",
      ],
    },
    {
      title: "CLOCK DISCIPLINE",
      blocks: [
        "Two disciplines steer the clock (`--discipline`). `adaptive`, the default, estimates phase and frequency from every sample, weighed by its delay, and asks as often as the oscillator's wander makes worth while. `rfc5905` is the standard's hybrid of phase-lock and frequency-lock loop; on Linux the kernel's own loop (ADJ_OFFSET) takes its place once the frequency is known, unless `disable kernel` says that it shall be steered from here each second, which keeps the clock two to five times worse. At the start the clock gets the frequency of the drift file, whoever steered it before. `tinker` tunes both:",
        {
          terms: [
            [
              "`step` N, `stepfwd` N, `stepback` N",
              "An offset of more seconds is stepped, not slewed: either way, of a clock that is behind, or of one that is ahead. 0: never.",
            ],
            [
              "`stepout` N",
              "For so many seconds that must last, or it is taken for a spike. The first offset, and that of a clock somebody has set, is stepped at once. RFC 5905 measures an unknown frequency for as long, too.",
            ],
            [
              "`panic` N",
              "An offset of more seconds ends the daemon with 13, but for the first one with `--any-offset`. 0: never.",
            ],
            ["`freq` N", "The frequency to begin with, in ppm, in place of the drift file's."],
            [
              "`allan` N",
              "The Allan intercept, as a power of two in seconds: from that age on old samples count for less in the clock filter, and `rfc5905` changes over from phase to frequency lock. Where it is not given these are 11 and about 10.5; `adaptive` finds its own.",
            ],
            [
              "`dispersion` N",
              "PHI, in ppm: by how much what is known of a clock grows old, in filters, distances and what clients are told.",
            ],
            [
              "`huffpuff` N",
              "For a line that is full in one direction for hours: offsets are moved towards zero by half of what their delay exceeds the least of the last N seconds. N should be longer than the line stays full; 7200 is usual.",
            ],
          ],
        },
      ],
    },
    {
      title: "SIGNALS",
      blocks: [
        {
          terms: [
            [
              "`SIGTERM`, `SIGINT`",
              "End: the sockets are closed, the frequency is kept in the drift file, and what is known of the servers in the state file: the next start goes on from there. The exit status is 0.",
            ],
            [
              "`SIGHUP`",
              "Read the configuration and the keys anew, and begin the log file anew. What is wrong with them is logged, and nothing changes: keys that can be read no longer are kept. Associations whose line stays keep all they have measured, by the line's new options; those whose line is gone end, and so does who was found by a key that is gone; new ones begin. Port, log format and other words of the command line stay, and so does `pidfile`. After `--user` the files have to be readable by that user.",
            ],
          ],
        },
      ],
    },
    {
      title: "FILES",
      blocks: [
        {
          terms: [
            [
              "`$RUNTIME_DIRECTORY/ntpkit.pid`, `/run/ntpkit.pid`",
              "The process number, locked while the daemon lives; not with `--no-clock`. `pidfile` names another.",
            ],
            [
              "`$STATE_DIRECTORY/state.json`, `/var/lib/ntpkit/state.json`",
              "What was learned of the servers, shared with `ntpkit sync` (ntpkit-sync(1) says what and for how long): DENY and RSTR are honoured, and associations are taken up again with their clock filters and reach. Written once an hour and at the end; with `--user` the folder must be that user's.",
            ],
            ["`driftfile`", "The frequency error, in ppm; written once an hour and at the end."],
            [
              "`leapfile`",
              "The list of leap seconds. Its hash and its date are checked at the start and each day; where it can be believed, servers' announcements are not asked.",
            ],
          ],
        },
      ],
    },
    {
      title: "SERVICE MANAGER",
      blocks: [
        "With `$NOTIFY_SOCKET` it says READY=1 once its sockets are open, STATUS with the system peer, RELOADING=1, STOPPING=1, and WATCHDOG=1 twice in each `$WATCHDOG_USEC`. A unit stands in the package's `man/examples/systemd`. It needs CAP_SYS_TIME to set the clock and CAP_NET_BIND_SERVICE for port 123; started as root it gives up the rest with `--user`.",
      ],
    },
    {
      title: "LOG AND METRICS",
      blocks: [
        "A line an event. With `--log json` each is a JSON document (`schema`, `time`, `level`, `event`, `text` and what belongs to the event), with `--json` these go to standard output. What goes on being wrong is said once. `-v` tells of every packet.",
        "`--metrics` gives OpenMetrics on a loopback address: the system's and each association's variables and the server's counters, by names that begin with `ntpkit_`.",
      ],
    },
  ],
  examples: [
    ["ntpkit run --check -c /etc/ntp.conf", "See what a configuration comes to:"],
    ["ntpkit run --no-clock -v -c /etc/ntp.conf", "See what it would do to the clock, with every packet:"],
    ["ntpkit run --from /etc/chrony/chrony.conf --print > /etc/ntpkit.conf", "Move from chrony:"],
    ["ntpkit run --user ntpkit --metrics 9123", "Give up root, and give metrics:"],
  ],
  seeAlso: ["ntpkit", "ntpkit-sync", "ntpkit-keygen"],
};
