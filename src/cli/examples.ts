/** A few command lines of each command, and what they are for: the first three in its help, all of them in the manual. */
import type { CommandName } from "./options/offers.ts";

/** A command line, and what it does. */
export type Example = readonly [command: string, text: string];

/** By command; `ntpkit` is the program itself. */
export const EXAMPLES: Readonly<Record<CommandName | "ntpkit", readonly Example[]>> = {
  ntpkit: [
    ["ntpkit demo", "See it work, without a network and without touching the clock."],
    ["ntpkit query ntp.example.net", "How wrong is my clock?"],
    ["ntpkit sync ntp1.example.net ntp2.example.net ntp3.example.net", "Set it right."],
  ],
  sync: [
    ["ntpkit sync a.example.net b.example.net c.example.net d.example.net", "Four servers outvote one that lies."],
    ["ntpkit sync -n pool.ntp.org", "What would be done?"],
    [
      "17 * * * * ntpkit sync -q --state --frequency --spread -c /etc/ntpkit.conf",
      "A line for root's crontab, PATH=/usr/local/bin:/usr/bin:/bin above it: one packet a server, and a clock that stays right between two runs.",
    ],
    [
      "17 * * * * ntpkit sync -q a.example.net b.example.net c.example.net",
      "A line for root's crontab, below the same PATH; mail comes only when something is wrong.",
    ],
    [
      "ntpkit sync --wait-network 1m --max-step backward=10s --json",
      "At boot, by the servers of the configuration file, never more than ten seconds back.",
    ],
    ["ntpkit sync --keys /etc/ntp.keys 192.0.2.7,key=10", "Believe the server only with key 10."],
  ],
  query: [
    ["ntpkit query ntp.example.net", "How wrong is my clock?"],
    ["ntpkit query --samples 8 ntp1.example ntp2.example ntp3.example", "Which of them can be believed?"],
    ["ntpkit query --json ntp.example.net | jq .clock.offset", "The offset, for a script."],
    ["ntpkit query --nts time.example.net", "And who says so? By certificate."],
    ["ntpkit query -v [2001:db8::7]:1123", "What happens, step by step?"],
  ],
  run: [
    ["ntpkit run --check -c /etc/ntp.conf", "See what a configuration comes to:"],
    ["ntpkit run --no-clock -v -c /etc/ntp.conf", "See what it would do to the clock, with every packet:"],
    ["ntpkit run --from /etc/chrony/chrony.conf --print > /etc/ntpkit.conf", "Move from chrony:"],
    ["ntpkit run --user ntpkit --metrics 9123", "Give up root, and give metrics:"],
  ],
  pool: [
    ["ntpkit pool 2.pool.ntp.org", "How good are the servers that the pool gives me?"],
    ["ntpkit pool --json time.example.net | jq '.warnings[].text'", "Are they as many sources as they seem?"],
    ["ntpkit pool -6 --follow 2.pool.ntp.org", "Watch them come and go."],
  ],
  manycast: [
    ["ntpkit manycast 239.1.1.1 --ttl 7 --keys /etc/ntp.keys", "Every time server of the site, the nearest first."],
    ["ntpkit manycast ff05::101 --all --no-auth", "The same over IPv6, whoever answers, to the last ring."],
    ["ntpkit manycast 239.1.1.1 --interface eth1 --follow", "Keep a set of servers, by one interface."],
  ],
  broadcast: [
    ["ntpkit broadcast --keys /etc/ntp.keys", "Who broadcasts the time here, and is it right?"],
    ["ntpkit broadcast 239.1.1.1 --count 3 --no-auth", "Three broadcasts of one group."],
    ["ntpkit broadcast --multicast --deadline 5m --json", "What is heard in five minutes, for a script."],
  ],
  serve: [
    ["ntpkit serve ntp1.example.net ntp2.example.net ntp3.example.net", "Pass on their time to this network."],
    ["ntpkit serve --local-stratum 10 --allow 192.168.0.0/16 --rate-limit", "The time of an isolated network."],
    [
      "ntpkit serve --local-stratum 2 --manycast 239.1.1.1 --keys /etc/ntp.keys",
      "To be found by searches of the site.",
    ],
    ["ntpkit serve ntp.example.net --broadcast 192.168.1.255 --minpoll 4", "Broadcast its time every 16 s."],
    ["ntpkit serve -c /etc/ntp.conf --user ntp --json", "By the rules of ntp.conf, with a log for machines."],
  ],
  peers: [
    ["ntpkit peers -n", "This host's servers, by address."],
    ["ntpkit peers --state", "What will the next run of cron start from?"],
    ["ntpkit peers --explain", "Why is that server not used?"],
    [
      "* * * * * ntpkit peers -q --textfile /var/lib/prometheus/node-exporter/ntpkit.prom",
      "A line for crontab, PATH=/usr/local/bin:/usr/bin:/bin above it: this host's daemon in Prometheus.",
    ],
    ["ntpkit peers --wide --watch 2s ntp1.example.net ntp2.example.net", "Two daemons, every two seconds."],
    ["ntpkit peers --json | jq '.hosts[].associations[] | {name, reason}'", "Who is not used, and why?"],
  ],
  associations: [
    ["ntpkit associations", "Which associations has this host's daemon?"],
    ["ntpkit associations --json ntp.example.net", "Those of another host's, for a script."],
  ],
  readvar: [
    ["ntpkit readvar", "All system variables."],
    ["ntpkit rv localhost offset sys_jitter", "Two of them."],
    ["ntpkit rv --association 4711 localhost", "Those of an association."],
  ],
  sysinfo: [
    ["ntpkit sysinfo", "What does this host's daemon say of its system?"],
    ["ntpkit sysinfo --json", "The same for a script."],
  ],
  kerninfo: [
    ["ntpkit kerninfo", "What does it say of the kernel's clock?"],
    ["ntpkit kerninfo --json", "The same for a script."],
  ],
  sysstats: [
    ["ntpkit sysstats", "How many packets has it received and refused?"],
    ["ntpkit sysstats --json", "The same for a script."],
  ],
  iostats: [
    ["ntpkit iostats", "How are its buffers and sockets?"],
    ["ntpkit iostats --json", "The same for a script."],
  ],
  timerstats: [
    ["ntpkit timerstats", "How is its timer?"],
    ["ntpkit timerstats --json", "The same for a script."],
  ],
  authinfo: [
    ["ntpkit authinfo", "Which keys has it used, and how often?"],
    ["ntpkit authinfo --json", "The same for a script."],
  ],
  monstats: [
    ["ntpkit monstats", "How large is its list of addresses heard?"],
    ["ntpkit monstats --json", "The same for a script."],
  ],
  pstats: [
    [
      "ntpkit associations; ntpkit pstats --association 4711",
      "Which associations are there, and how does this one fare?",
    ],
    ["ntpkit pstats --association 4711 --json", "The same for a script."],
  ],
  mru: [
    ["ntpkit mru --sort -count --limit 1000 -n", "Who asks most?"],
    ["ntpkit mru --json | jq '.entries | length'", "How many ask?"],
  ],
  ifstats: [
    ["ntpkit ifstats --keys /etc/ntp.keys --key 7", "With control key 7."],
    ["ntpkit ifstats --keys /etc/ntp.keys --key 7 --json", "The same for a script."],
  ],
  reslist: [
    ["ntpkit reslist --keys /etc/ntp.keys --key 7", "With control key 7."],
    ["ntpkit reslist --keys /etc/ntp.keys --key 7 --json", "The same for a script."],
  ],
  trace: [
    ["ntpkit trace", "Where does this host's daemon have the time from?"],
    ["ntpkit trace -n ntp.example.net", "And that server? By addresses."],
  ],
  nts: [
    ["ntpkit nts time.example.net", "Does its NTS work from here, and if not, why?"],
    ["ntpkit nts --json time.example.net | jq .expires", "For how many days is its certificate good?"],
  ],
  check: [
    ["ntpkit check -H ntp.example.net -w 0.05 -c 0.5 -t 10", "As check_ntp_time is called."],
    ["ntpkit check --truechimers 3:,2: ntp1.example ntp2.example ntp3.example", "Do all three agree?"],
    ["ntpkit check --daemon localhost -w 5ms -c 50ms --rootdistance 100ms,1s", "Is this host's daemon well?"],
  ],
  wait: [
    ["ntpkit wait --timeout 5m --offset 100ms", "Before starting what needs the time."],
    ["ntpkit wait --timeout 0s -q && echo good", "Is it synchronized now?"],
  ],
  now: [
    ["ntpkit now", "What time is it, and how wrong can that be?"],
    ["ntpkit now ntp1.example.net ntp2.example.net ntp3.example.net", "By servers, on a host that has no daemon."],
    ["ntpkit now --wait 5ms -q && start-database", "Begin when the clock is known to 5 ms."],
    ["ntpkit now --json | jq -r .latest", "By then it surely was, for a commit that waits."],
  ],
  watch: [
    ["ntpkit watch ntp1.example.net ntp2.example.net ntp3.example.net", "See them drift."],
    ["ntpkit watch --every 1m ntp.example.net >> offsets.log", "Keep a record."],
  ],
  decode: [
    ["ntpkit decode ntp.pcap", "A line a packet."],
    ["ntpkit decode --bad --keys /etc/ntp.keys ntp.pcap", "What is wrong, MACs included?"],
    ["ntpkit decode --summary ntp.pcap", "Who asks whom, how often, and whose time disagrees?"],
    ["tcpdump -i any -w - udp port 123 | ntpkit decode -", "As it happens."],
  ],
  demo: [
    ["ntpkit demo", "Run it."],
    ["ntpkit demo --json", "See what a script gets to read."],
  ],
  report: [
    ["ntpkit report /var/log/ntpsec/*stats* -o report.html", "All that ntpd has written down."],
    [
      "ntpkit report /var/log/chrony/*.log -o chrony.html",
      "The same of chronyd (log tracking measurements statistics).",
    ],
  ],
  simulate: [
    [
      "ntpkit man examples/worlds/seeds-site.toml | ntpkit simulate -",
      "A site that organizes itself, and loses a receiver.",
    ],
    ["ntpkit simulate --config /etc/ntp.conf --network wan", "What would my own configuration do?"],
    ["ntpkit simulate --runs 100 --json world.toml | jq .quantiles", "How well, on the whole?"],
  ],
  keygen: [
    ["ntpkit keygen --count 4 /etc/ntp.keys", "Four keys, numbered from 1."],
    ["ntpkit keygen --type SHA1 --first-id 10", "One SHA-1 key, number 10, printed."],
    ["ntpkit keygen --autokey /etc/ntp --trusted --identity iff", "A trusted host's keys for Autokey, with IFF."],
  ],
  adopt: [
    ["ntpkit adopt", "What would this machine's configuration be here, and what is lost?"],
    ["ntpkit adopt chrony --write", "Take over chrony's."],
    ["ntpkit adopt --root /mnt --json | jq .lost", "Of a machine that is mounted."],
  ],
  man: [
    ["ntpkit man sync | man -l -", "How sync does it."],
    ["ntpkit man examples/worlds/liar.toml > liar.toml", "A world to simulate."],
  ],
  completion: [
    ['eval "$(ntpkit completion bash)"', "For bash, in ~/.bashrc."],
    ['ntpkit completion zsh > "${fpath[1]}/_ntpkit"', "For zsh."],
    ["ntpkit completion fish > ~/.config/fish/completions/ntpkit.fish", "For fish."],
  ],
};

/** How many examples a help has, and how long their lines may be. */
const IN_HELP = 3;
const LONGEST = 74;

/** The examples as `--help` shows them; those that are too long for it stand in the manual only. */
export function examplesHelp(command: CommandName): string {
  const short = EXAMPLES[command]
    .filter((example) => Math.max(...example.map(({ length }) => length)) <= LONGEST)
    .slice(0, IN_HELP);
  return `\nExamples:\n${short.map(([line, text]) => `  ${line}\n      ${text}\n`).join("")}`;
}
