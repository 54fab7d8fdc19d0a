/**
 * A capture of a million packets, said in lines and in JSON, beside tshark with the same fields: processor seconds of whole
 * processes by turns, ratios in one run, and peak memory. `NTPKIT_BENCH_PACKETS` makes it another size, as 20000000 for 2 GB.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeCapture } from "./capture-file.ts";
import { childrensProcessor } from "./processor.ts";

const NTPKIT = process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
const PACKETS = Number(process.env["NTPKIT_BENCH_PACKETS"] ?? 1_000_000);
const ROUNDS = 2;
/** tshark is given a part of it: it takes a minute for half a million packets. */
const SAMPLE = Math.min(PACKETS, 200_000);
/** What a line of decode says, by tshark's names. */
const FIELDS = [
  "frame.number frame.time_epoch ip.src ip.dst udp.srcport udp.dstport ntp.flags.li ntp.flags.vn ntp.flags.mode ntp.stratum",
  "ntp.ppoll ntp.precision ntp.rootdelay ntp.rootdispersion ntp.refid ntp.reftime ntp.org ntp.rec ntp.xmt",
]
  .join(" ")
  .split(" ")
  .flatMap((field) => ["-e", field]);

interface Row {
  readonly name: string;
  readonly argv: readonly string[];
  readonly packets: number;
  /** What it is compared with. */
  readonly rival?: string;
}

const folder = mkdtempSync(join(tmpdir(), "ntpkit-bench-"));
try {
  for (const clients of [200, 100_000]) compare(clients);
} finally {
  rmSync(folder, { recursive: true });
}

function compare(clients: number): void {
  const [file, sample] = [join(folder, "all.pcap"), join(folder, "some.pcap")];
  writeCapture(file, { packets: PACKETS, clients });
  writeCapture(sample, { packets: SAMPLE, clients });
  console.log(`${PACKETS} packets of ${clients} clients, ${Math.round(statSync(file).size / 1e6)} MB`);
  const rows: Row[] = [
    { name: "tshark -T fields", argv: ["tshark", "-n", "-r", sample, "-T", "fields", ...FIELDS], packets: SAMPLE },
    { name: "tshark -T ek", argv: ["tshark", "-n", "-r", sample, "-T", "ek"], packets: SAMPLE },
    { name: "lines", argv: decode(file), packets: PACKETS, rival: "tshark -T fields" },
    { name: "--json", argv: decode(file, "--json"), packets: PACKETS, rival: "tshark -T ek" },
    { name: "--summary", argv: decode(file, "--summary"), packets: PACKETS },
  ];
  const best = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1)
    for (const { name, argv, packets } of rows) {
      const each = packets / processorOf(argv);
      best.set(name, Math.max(best.get(name) ?? 0, each));
    }
  for (const { name, argv, rival } of rows) {
    const [each, other] = [best.get(name)!, rival === undefined ? undefined : best.get(rival)!];
    const ratio = other === undefined ? "" : `, ${(each / other).toFixed(1)} × ${rival}`;
    const memory = argv[0] === "tshark" ? "" : `, ${memoryOf(argv)} MB`;
    console.log(`${name}: ${Math.round(each / 1000)} thousand packets a second of the processor${ratio}${memory}`);
  }
  console.log(`load ${loadavg()[0]!.toFixed(1)}`);
}

function decode(file: string, ...options: readonly string[]): string[] {
  return [process.execPath, NTPKIT, "decode", file, ...options];
}

/** Processor seconds of a command. */
function processorOf([program = "", ...rest]: readonly string[]): number {
  const before = childrensProcessor();
  const { error } = spawnSync(program, rest, { stdio: "ignore" });
  if (error !== undefined) throw error;
  return childrensProcessor() - before;
}

/** Peak resident memory, where time(1) is. */
function memoryOf(argv: readonly string[]): string {
  const { error, stderr } = spawnSync("/usr/bin/time", ["-f", "%M", ...argv], { stdio: ["ignore", "ignore", "pipe"] });
  return error === undefined ? (Number(stderr.toString().trim().split("\n").at(-1)) / 1024).toFixed(0) : "unknown";
}
