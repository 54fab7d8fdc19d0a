/** One row of the campaign: which command, in which surroundings, against which server. */
import { COMMANDS, OUTPUTS, SERVERS, SPELLINGS, type Output, type ServerName, type Spelling } from "./commands.ts";
import { coveringArray } from "./covering.ts";
import { ENVIRONMENTS, ERRORS } from "./environments.ts";

/** A row. */
export interface Row {
  readonly command: string;
  readonly environment: string;
  /** With which error calls are refused, where the environment refuses any. */
  readonly error: string;
  readonly server: ServerName;
  readonly spelling: Spelling;
  readonly output: Output;
}

const FACTORS = {
  command: Object.keys(COMMANDS),
  environment: Object.keys(ENVIRONMENTS),
  error: ERRORS,
  server: SERVERS,
  spelling: SPELLINGS,
  output: OUTPUTS,
} as const satisfies Record<keyof Row, readonly string[]>;

/**
 * The rows of a campaign; the same seed gives the same.
 * @param strength 2: every pair is met, 3: every triple
 * @param environments those of this machine
 */
export function rowsOf(seed: number, strength: 2 | 3, environments: readonly string[]): readonly Row[] {
  const factors = { ...FACTORS, environment: environments };
  return coveringArray(factors, strength, chance(seed)) as unknown as readonly Row[];
}

/** A row as it is printed, and named to `--only`. */
export function nameOf({ command, environment, error, server, spelling, output }: Row): string {
  const refused = ENVIRONMENTS[environment]?.refusing === undefined ? environment : `${environment}=${error}`;
  return [command, output, refused, server, spelling].join("/");
}

/** The row of a name. @throws Error if it names none */
export function rowNamed(name: string): Row {
  const [command = "", output = "", refused = "", server = "", spelling = ""] = name.split("/");
  const [environment = "", error = ERRORS[0]] = refused.split("=");
  const row = { command, environment, error, server, spelling, output };
  for (const [factor, values] of Object.entries(FACTORS)) {
    const value = row[factor as keyof Row];
    if (!(values as readonly string[]).includes(value)) throw new Error(`${name}: there is no ${factor} "${value}"`);
  }
  return row as Row;
}

/** Numbers by a seed, 0 ≤ x < 1 (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
