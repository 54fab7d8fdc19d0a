/**
 * The shape of the table of ntp.conf commands: what a row says, and short words to write rows with.
 *
 * One table serves two readers. The one-shots take the servers, the keys and the limits of selection out of a daemon's file
 * and read over the rest; the daemon takes all of it, and what it cannot do it refuses, or says that it leaves it out.
 */

/**
 * What becomes of a number beyond its bounds. ntpd starts with any number, so we do, with a warning: it is taken for the nearest
 * that is possible, or passed over, or its whole line is. `ignoreBelow`: below the least it is passed over, for there 0 means
 * something of its own.
 */
export type Beyond = "clamp" | "ignore" | "ignoreBelow" | "drop";

/** A number between bounds, which are inclusive. */
export interface NumberTaken {
  readonly takes: "integer" | "seconds" | "number";
  readonly least: number;
  readonly most: number;
  readonly beyond: Beyond;
}

/** What an option, or an operand, takes. */
export type Takes =
  | { readonly takes: "nothing" }
  | NumberTaken
  | { readonly takes: "choice"; readonly choices: readonly string[] }
  /** A DNS name or an IP literal. */
  | { readonly takes: "host" }
  /** A host, or the number of an association, which no file can know. */
  | { readonly takes: "peer" }
  /** An IP literal of a multicast group; any other word is passed over, as by ntpd. */
  | { readonly takes: "group" }
  /** 127.127.TYPE.UNIT, which stands for a reference clock; with any other word the line is passed over. */
  | { readonly takes: "clock" }
  /** A file's name, or any other word. */
  | { readonly takes: "word" };

/** The value an option has where it is not given; `null`: none. */
export type Standard = number | string | boolean | null;

/** One option of a command. */
export type OptionSyntax = Takes & {
  /** What counts where it is not given. Flags are off. */
  readonly standard?: Standard;
  /** Without effect on the one-shots, and why. */
  readonly unused?: string;
  /** Without effect on the daemon, and why. */
  readonly idle?: string;
  /** That is told aloud, but of the standard value: whoever writes another expects something of it. */
  readonly aloud?: true;
  /** The whole line must be left out when this is given, and why. */
  readonly drops?: string;
};

/** Options by name. */
export type Options = Readonly<Record<string, OptionSyntax>>;

/** One kind of operand, standing between the command and its options. */
export type OperandSyntax = Takes & {
  /** As the manual names it, e.g. `HOST`. */
  readonly name: string;
  /** One at least must be given. */
  readonly needed: boolean;
  /** More than one may be given; only of the last kind. */
  readonly many: boolean;
};

/** One command. */
export interface CommandSyntax {
  /** In their order. */
  readonly operands: readonly OperandSyntax[];
  /** `-4` or `-6` may come first. */
  readonly family: boolean;
  readonly options: Options;
  /** At least one option must be given. */
  readonly needsOption: boolean;
  /** Without effect on the daemon, and why; `null`: it has one. */
  readonly idle: string | null;
  /** One line for the manual. */
  readonly text: string;
  /** The one-shots use it, leave it out silently (said with -v), or leave it out with a warning. */
  readonly once: "used" | "noted" | "warned";
  /** Why the one-shots leave it out; `null` where they do not. */
  readonly onceWhy: string | null;
  /** The daemon uses it, leaves it out with a warning, or will not start with it; and why. */
  readonly daemon: { readonly does: "uses" } | { readonly does: "leaves" | "refuses"; readonly why: string };
}

/** A flag: given or not. */
export const FLAG: Takes & { readonly standard: boolean } = { takes: "nothing", standard: false };

/** A whole number. */
export const integer = (least: number, most: number, beyond: Beyond = "clamp"): NumberTaken => ({
  takes: "integer",
  least,
  most,
  beyond,
});
/** A duration. */
export const seconds = (least: number, most: number, beyond: Beyond = "clamp"): NumberTaken => ({
  takes: "seconds",
  least,
  most,
  beyond,
});
/** Any number. */
export const number = (least: number, most: number, beyond: Beyond = "clamp"): NumberTaken => ({
  takes: "number",
  least,
  most,
  beyond,
});
/** One of some words. */
export const choice = (...choices: readonly string[]): Takes => ({ takes: "choice", choices });
/** Any word. */
export const WORD: Takes = { takes: "word" };

/** Exactly one operand. */
export const one = (name: string, takes: Takes): OperandSyntax => ({ ...takes, name, needed: true, many: false });
/** One operand or none. */
export const optional = (name: string, takes: Takes): OperandSyntax => ({ ...takes, name, needed: false, many: false });
/** One operand at least. */
export const several = (name: string, takes: Takes): OperandSyntax => ({ ...takes, name, needed: true, many: true });
/** Any number of operands. */
export const any = (name: string, takes: Takes): OperandSyntax => ({ ...takes, name, needed: false, many: true });

/** A flag for each word. */
export function flags(words: string): Options {
  return Object.fromEntries(words.split(" ").map((word) => [word, FLAG]));
}

/** The same options, all of them without effect on the daemon. */
export function idle(options: Options, why: string): Options {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, { ...option, idle: why }]));
}

const PLAIN: CommandSyntax = {
  operands: [],
  family: false,
  options: {},
  needsOption: false,
  idle: null,
  text: "",
  once: "used",
  onceWhy: null,
  daemon: { does: "uses" },
};

/** An option without effect on the daemon, of which something may be expected, and why it has none. */
export function missing(option: OptionSyntax, why: string): OptionSyntax {
  return { ...option, idle: why, aloud: true };
}

/** A command that both readers use. */
export function common(text: string, row: Partial<CommandSyntax>): CommandSyntax {
  return { ...PLAIN, ...row, text };
}

/** A command that only the daemon uses. */
export function daemonOnly(text: string, row: Partial<CommandSyntax>): CommandSyntax {
  return { ...PLAIN, once: "noted", onceWhy: "it is for daemons", ...row, text };
}

/** Commands that are known and used by nobody here; whatever follows them is read over. */
export function leftOut(
  names: string,
  once: "noted" | "warned",
  daemon: "leaves" | "refuses",
  why: string,
): [string, CommandSyntax][] {
  return names
    .split(" ")
    .map((name) => [
      name,
      { ...PLAIN, operands: [any("…", WORD)], text: why, once, onceWhy: why, daemon: { does: daemon, why } },
    ]);
}

/** What the options of a command are where none is given: those that have a default. */
export function standards(options: Options): Record<string, Standard> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, { standard }]) => (standard === undefined ? [] : [[name, standard]])),
  );
}
