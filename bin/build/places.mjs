/** Where things are, and what the build puts into the program. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The top of the project. */
export const top = fileURLToPath(new URL("../..", import.meta.url));

/** A path from the top. */
export function place(path) {
  return `${top}${path}`;
}

/** The version that is built. */
export const version = JSON.parse(readFileSync(place("package.json"), "utf8")).version;

/** Names that the sources know only when they are built: see `src/host/built.ts` and `src/cli/version.ts`. */
export const defined = {
  NTPKIT_BUILT: JSON.stringify(today()),
  NTPKIT_VERSION: JSON.stringify(version),
  NTPKIT_EXAMPLES: JSON.stringify(JSON.stringify(examples())),
};

/** What every bundle has in common. koffi finds its binary beside its own files, so it stays where npm put it. */
export const common = {
  absWorkingDir: top,
  write: false,
  bundle: true,
  metafile: true,
  platform: "node",
  target: "node20.19",
  minify: true,
  external: ["koffi"],
  logLevel: "warning",
};

/** The packages that files of a bundle come from, by their folders. */
export function packagesOf({ inputs }) {
  return Object.keys(inputs).flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
}

/** Every example of the command by its name, the same as from source; see `src/cli/manual.ts`. Those of the library are for who has its source. */
function examples() {
  const names = readdirSync(place("man/examples"), { recursive: true }).toSorted();
  const files = names.filter(
    (name) => !name.startsWith("library/") && statSync(place(`man/examples/${name}`)).isFile(),
  );
  return Object.fromEntries(
    files.map((name) => [`examples/${name}`, readFileSync(place(`man/examples/${name}`), "utf8")]),
  );
}

/** The day of the build, which those who build the same again may name (reproducible-builds.org, SOURCE_DATE_EPOCH). */
function today() {
  const seconds = process.env.SOURCE_DATE_EPOCH;
  return new Date(seconds ? Number(seconds) * 1000 : Date.now()).toISOString().slice(0, 10);
}
