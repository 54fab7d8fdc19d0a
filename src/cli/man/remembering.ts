/** What the manual says of runs that remember. */
import type { Section } from "./roff.ts";

/** For `sync`. */
export const REMEMBERING_SECTION: Section = {
  title: "RUNS THAT REMEMBER",
  blocks: [
    "With `--state` a run starts from what the runs before it have learned, and leaves what it learns to the next: the servers with their clock filters and reach registers, which members of a pool have proved good, who asked to be left alone, and how fast this clock runs by itself. So one packet a server is enough where a fresh run needs three; the others are asked more often only if their answer came by a detour. Servers of a pool that were of use are asked again before others, for thirty days; where names cannot be looked up, all that were found under them are.",
    "What was measured ages: a sample's error grows with 15 ppm and by what is not known of the clock's own rate. It is void after the machine was started anew, after it slept, and where somebody else has set the clock or its rate meanwhile; then servers are asked as by a fresh run. What this program itself does to the clock is reckoned with.",
    "A server whose time disagreed with the majority's is on probation in the next run: its vote does not count, neither when a majority is sought nor against one, until it has agreed with the others' in a whole run. It is shown as `rejected`, reason `probation`, or as a falseticker again. After two days it is forgiven, for those that outvoted it may have been wrong. A server that sends RATE is left alone by later runs for 68 minutes or as long as it says, whichever is longer, and twice as long each time it does so again.",
    "With `--frequency` the clock's rate is corrected, too, once it is known to 5 ppm, which takes two runs an hour apart. From then on the clock hardly drifts between two runs: one that runs 30 ppm fast would be off by 108 ms after an hour, and is off by what its rate has changed in that hour and by what the network hides, mostly less than a millisecond. What is added to the clock is the offset weighed with what was foretold of it. `--dry-run` learns, but sets neither.",
    "`--spread` is for lines of a crontab: everybody's run at the full minute, and servers of the public see a crowd. Where neither output is a terminal, and a server is not certainly on this host or network, a random part of the duration passes before anything is asked; `--deadline` counts from then on. `-v` says how long it waits. A systemd timer has RandomizedDelaySec for the same.",
    {
      terms: [
        [
          "`$STATE_DIRECTORY/state.json`",
          "The file, where a service manager gives the folder; else `/var/lib/ntpkit/state.json` for root and whoever may write there, else `$XDG_STATE_HOME/ntpkit/state.json`, by default in `~/.local/state`. `--state=PATH` names another; PATH has a slash in it. It is replaced in one stroke, so that a run that is killed leaves it as it was; runs at the same time do not lose each other's. A file that is damaged or of a later version is put aside under another name, with a warning. One that belongs to another user is not used. `ntpkit peers --state` shows it, and `--forget` empties it.",
        ],
        [
          "`$NTPKIT_BOOT_ID`",
          "Names this start of the machine where `/proc/sys/kernel/random/boot_id` cannot be read: in a unit, `Environment=NTPKIT_BOOT_ID=%b`.",
        ],
      ],
    },
  ],
};
