/** Lists of leap seconds as daemons read them: `leap-seconds.list`, and a time zone with leap seconds in it. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { must } from "./processes.ts";

const UNIX_EPOCH = 2_208_988_800;

/** From a day on, as 2017-01-01, TAI − UTC is so many seconds. */
export type LeapLine = readonly [day: string, tai: number];

/** Writes a list, good for half a year after its last line or from now, with its hash. */
export async function writeLeapList(file: string, lines: readonly LeapLine[]): Promise<string> {
  const second = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 1000 + UNIX_EPOCH;
  const rows = lines.map(([day, tai]) => [second(day), tai] as const);
  const updated = rows[0]![0];
  const expires = Math.max(rows.at(-1)![0], Math.floor(Date.now() / 1000) + UNIX_EPOCH) + 180 * 86_400;
  const digits = `${updated}${expires}${rows.map(([at, tai]) => `${at}${tai}`).join("")}`;
  const hash = createHash("sha1").update(digits).digest("hex").match(/.{8}/g)!.join(" ");
  await writeFile(
    file,
    [`#$ ${updated}`, `#@ ${expires}`, ...rows.map(([at, tai]) => `${at} ${tai}`), `#h ${hash}`, ""].join("\n"),
  );
  return file;
}

/** The leap seconds before 2012, as chronyd wants to see them in a zone that it believes. */
const BEFORE =
  "1972 Jun 30,1972 Dec 31,1973 Dec 31,1974 Dec 31,1975 Dec 31,1976 Dec 31,1977 Dec 31,1978 Dec 31,1979 Dec 31,1981 Jun 30,1982 Jun 30,1983 Jun 30,1985 Jun 30,1987 Dec 31,1989 Dec 31,1990 Dec 31,1992 Jun 30,1993 Jun 30,1994 Jun 30,1995 Dec 31,1997 Jun 30,1998 Dec 31,2005 Dec 31,2008 Dec 31";

/** Compiles a zone of UTC with these leap seconds besides; returns the folder (TZDIR). */
export async function compileLeapZone(
  folder: string,
  name: string,
  leaps: readonly (readonly [year: number, day: string])[],
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const all = [...BEFORE.split(","), ...leaps.map(([year, day]) => `${year} ${day}`)];
  await writeFile(`${folder}/leaps`, all.map((day) => `Leap\t${day.replaceAll(" ", "\t")}\t23:59:60\t+\tS\n`).join(""));
  await writeFile(`${folder}/zone`, `Zone\t${name}\t0\t-\tUTC\n`);
  await must(["zic", "-d", folder, "-L", `${folder}/leaps`, `${folder}/zone`]);
  return folder;
}
