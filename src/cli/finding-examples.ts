/** Examples of the commands that find servers and of `serve`: for `--help` and for the manual. */

/** A command line, and what it does. */
export type Example = readonly [command: string, text: string];

/** By command. */
export const FINDING_EXAMPLES: Readonly<Record<"pool" | "manycast" | "broadcast" | "serve", readonly Example[]>> = {
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
};

/** The examples as `--help` shows them. */
export function examplesHelp(examples: readonly Example[]): string {
  return `\nExamples:\n${examples.map(([command, text]) => `  ${command}\n      ${text}\n`).join("")}`;
}
