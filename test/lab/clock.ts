/** Clocks for the lab to set: builds the shim (shim/clock.c) and makes and reads the state files it works on. */
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { must } from "./processes.ts";

/** The numbers of the state file's 64-bit words, as `struct clock_state` in shim/clock.c has them. */
const WORD = {
  magic: 0,
  sequence: 1,
  base: 2,
  offset: 3,
  slew: 4,
  frequency: 5,
  tick: 6,
  phase: 7,
  timeConstant: 8,
  status: 10,
  maxError: 11,
  estError: 12,
  tai: 13,
  steps: 14,
  slews: 15,
  frequencySets: 16,
  refusals: 17,
  leapAt: 18,
  leap: 19,
  crystal: 21,
  stepped: 22,
} as const;

type Word = keyof typeof WORD;

const MAGIC = 0x316b6c634b50544en;
const STATE_LENGTH = 4096;
const STA_INS = 0x10n;
const STA_UNSYNC = 0x40n;
/** Of adjtime(3). */
const SLEW_RATE = 500e-6;
const NOMINAL_TICK = 10_000n;
const LARGEST_ERROR = 16_000_000n;
/** A frequency of 1 s/s in the file's unit. */
const UNITY = 65536e6;
const TICK_UNIT = 100e-6;

/** What happened to a clock. Times are in seconds. */
export interface ClockState {
  /** The clock minus the machine's, at this moment. */
  readonly error: number;
  /** When it was last set, or its frequency: Unix time of the machine. */
  readonly base: number;
  /** The clock minus the machine's at that time. */
  readonly offset: number;
  /** The part of the offset that came by steps, the first among them. */
  readonly stepped: number;
  /** What was then still to be slewed. */
  readonly slew: number;
  /** Frequency correction, seconds a second. */
  readonly frequency: number;
  /** How often it was stepped, slewed, given a frequency, and how often a setter was refused. */
  readonly steps: number;
  readonly slews: number;
  readonly frequencySets: number;
  readonly refusals: number;
  /** What is said of the clock: bits of STA_…, errors, the loop's time constant. */
  readonly status: number;
  readonly maximumError: number;
  readonly estimatedError: number;
  readonly timeConstant: number;
  /** Microseconds that are counted in a hundredth of a second. */
  readonly tick: number;
  /** TAI − UTC as somebody has said; 0: nobody has. */
  readonly tai: number;
}

/** A CLOCK_REALTIME that belongs to whoever is started with `env`. */
export interface Clock {
  /** Environment that puts a program on this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** The same, with every setter refused as if CAP_SYS_TIME were missing. */
  readonly envWithoutPermission: Readonly<Record<string, string>>;
  read(): Promise<ClockState>;
  /** Has a second inserted when this clock first reads a moment, the end of a day (Unix time): somebody has told the kernel so. */
  leapAt(moment: number): Promise<void>;
  /** The clock minus the machine's now, seconds. */
  ahead(): Promise<number>;
  /** Steps the clock by so many seconds behind the back of who runs on it; one that nobody sets. */
  shift(seconds: number): Promise<void>;
  /** Sets the tick behind the back of who runs on it, or before anybody does; microseconds in a hundredth of a second. */
  setTick(tick: number): Promise<void>;
  /** Has the clock run so much too fast by itself from now on, seconds a second; one that nobody sets. */
  run(rate: number): Promise<void>;
}

/** Compiles the shim; returns the shared object's path. */
export async function buildShim(into: string): Promise<string> {
  const source = fileURLToPath(new URL("shim/clock.c", import.meta.url));
  const object = `${into}/clock.so`;
  await mkdir(into, { recursive: true });
  await must(["gcc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", object, source, "-ldl", "-lm"]);
  return object;
}

/**
 * Makes a clock that is `offset` seconds ahead of the machine's.
 * @param frequency what somebody has left in it, seconds a second
 * @param rate how much too fast it runs by itself, seconds a second
 */
export async function makeClock(shim: string, file: string, offset: number, frequency = 0, rate = 0): Promise<Clock> {
  const words = new BigInt64Array(STATE_LENGTH / 8);
  words[WORD.magic] = MAGIC;
  words[WORD.base] = realNow();
  words[WORD.offset] = words[WORD.stepped] = nanoseconds(offset);
  words[WORD.frequency] = scaled(frequency);
  words[WORD.tick] = NOMINAL_TICK;
  words[WORD.timeConstant] = 2n;
  words[WORD.status] = STA_UNSYNC;
  words[WORD.maxError] = LARGEST_ERROR;
  words[WORD.estError] = LARGEST_ERROR;
  words[WORD.crystal] = scaled(rate);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.from(words.buffer), { mode: 0o666 });
  const env = { LD_PRELOAD: shim, NTPKIT_LAB_CLOCK: file };
  return {
    env,
    envWithoutPermission: { ...env, NTPKIT_LAB_CLOCK_REFUSE: "1" },
    read: () => readState(file),
    leapAt: async (moment) => {
      const state = await readFile(file);
      state.writeBigInt64LE(STA_INS, WORD.status * 8);
      state.writeBigInt64LE(BigInt(moment) * 1_000_000_000n, WORD.leapAt * 8);
      state.writeBigInt64LE(-1_000_000_000n, WORD.leap * 8);
      await writeFile(file, state, { flag: "r+" });
    },
    ahead: async () => (await readState(file)).error,
    shift: async (seconds) => {
      const { offset, stepped } = await readState(file);
      await putWords(file, { offset: nanoseconds(offset + seconds), stepped: nanoseconds(stepped + seconds) });
    },
    setTick: async (tick) => {
      const { error } = await readState(file);
      await putWords(file, { base: realNow(), offset: nanoseconds(error), tick: BigInt(tick) });
    },
    run: async (faster) => {
      // Until the last of the two writes the old rate goes on, from where the clock is now.
      const { error } = await readState(file);
      await putWords(file, { base: realNow(), offset: nanoseconds(error) });
      await putWords(file, { crystal: scaled(faster) });
    },
  };
}

async function readState(file: string): Promise<ClockState> {
  const bytes = await settledBytes(file);
  const word = (name: Word): number => Number(bytes.readBigInt64LE(WORD[name] * 8));
  return {
    error: errorIn(word),
    base: word("base") / 1e9,
    offset: word("offset") / 1e9,
    stepped: word("stepped") / 1e9,
    slew: word("slew") / 1e9,
    frequency: word("frequency") / UNITY,
    steps: word("steps"),
    slews: word("slews"),
    frequencySets: word("frequencySets"),
    refusals: word("refusals"),
    status: word("status"),
    maximumError: word("maxError") / 1e6,
    estimatedError: word("estError") / 1e6,
    timeConstant: word("timeConstant"),
    tick: word("tick"),
    tai: word("tai"),
  };
}

/** The file as it is between two settings. */
async function settledBytes(file: string): Promise<Buffer> {
  for (let before = await readFile(file); ;) {
    const bytes = await readFile(file);
    const sequence = bytes.readBigInt64LE(WORD.sequence * 8);
    if (sequence % 2n === 0n && sequence === before.readBigInt64LE(WORD.sequence * 8)) return bytes;
    before = bytes;
  }
}

/** The shim's `offset_at` at this moment, seconds. */
function errorIn(word: (name: Word) => number): number {
  const elapsed = Number(realNow() - BigInt(word("base"))) / 1e9;
  const rate = (word("frequency") + word("crystal")) / UNITY + (word("tick") - Number(NOMINAL_TICK)) * TICK_UNIT;
  const slew = word("slew") / 1e9;
  const slewed = Math.sign(slew) * Math.min(Math.abs(slew), elapsed * SLEW_RATE);
  const phased = (word("phase") / 1e9) * (1 - (1 - 2 ** -(2 + word("timeConstant"))) ** elapsed);
  return word("offset") / 1e9 + rate * elapsed + slewed + phased;
}

/** Writes single words and leaves the others to who maps the file. */
async function putWords(file: string, words: Partial<Record<Word, bigint>>): Promise<void> {
  const handle = await open(file, "r+");
  try {
    for (const [name, value] of Object.entries(words)) {
      await handle.write(Buffer.from(BigInt64Array.of(value).buffer), 0, 8, WORD[name as Word] * 8);
    }
  } finally {
    await handle.close();
  }
}

function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e9));
}

function scaled(rate: number): bigint {
  return BigInt(Math.round(rate * UNITY));
}

function realNow(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
