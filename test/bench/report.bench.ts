/** A year of ten servers, asked every 64 s, as one page: whole processes, how long they take, and how large the page is. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const NTPKIT = process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
const [DAYS, SERVERS, ROUNDS] = [365, 10, 3];
const folder = mkdtempSync(join(tmpdir(), "ntpkit-bench-"));
try {
  const [file, page] = [join(folder, "peerstats"), join(folder, "report.html")];
  console.log(`${writeYear(file)} rows, ${Math.round(statSync(file).size / 1e6)} MB`);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const begun = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [NTPKIT, "report", file, "-o", page], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    const seconds = ((performance.now() - begun) / 1000).toFixed(2);
    console.log(`round ${round}: ${seconds} s, the page has ${(statSync(page).size / 1e6).toFixed(2)} MB`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Writes peerstats as ntpd does; the same figures each time. */
function writeYear(file: string): number {
  const descriptor = openSync(file, "w");
  let [chance, rows] = [1, 0];
  const random = (): number => (chance = (chance * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let day = 0; day < DAYS; day += 1) {
    const lines: string[] = [];
    for (let second = 0; second < 86_400 - 64; second += 64) {
      for (let server = 1; server <= SERVERS; server += 1) {
        const at = (second + server * 1.5 + random()).toFixed(3);
        const offset = (1e-4 * Math.sin(day + second / 9000) + (random() - 0.5) * 1e-4 * server).toFixed(9);
        const [delay, dispersion] = [(0.01 + random() * 0.01).toFixed(9), (1e-3 + random() * 1e-3).toFixed(9)];
        const status = server === 1 ? "961a" : server < 9 ? "941a" : "9114";
        lines.push(`${60_600 + day} ${at} 192.0.2.${server} ${status} ${offset} ${delay} ${dispersion} 0.000020000\n`);
      }
    }
    writeSync(descriptor, lines.join(""));
    rows += lines.length;
  }
  closeSync(descriptor);
  return rows;
}
