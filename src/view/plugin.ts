/**
 * What a monitoring plugin prints: one line in the words of check_ntp_time and check_ntp_peer 2.4, and behind `|` the
 * figures with their thresholds.
 *
 * ```text
 * NTP OK: Offset -0.0002111196518 secs|offset=-0.000211s;60.000000;120.000000;
 * ```
 */
import { isAlert, type Range, type Thresholds } from "../config/ranges.ts";
import { schemaName, type FailureDocument } from "./document.ts";
import { printable } from "./text.ts";

/** How it stands, by exit code. */
export const STATUSES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"] as const;
/** How it stands. */
export type PluginStatus = (typeof STATUSES)[number];

/** A figure and what is demanded of it. */
export interface Figure {
  readonly name: "offset" | "jitter" | "stratum" | "truechimers" | "falsetickers" | "rootdistance" | "certificate";
  /** `null`: not known. */
  readonly value: number | null;
  readonly thresholds: Thresholds;
}

/** What a check found. */
export interface Finding {
  readonly figures: readonly Figure[];
  /**
   * What is said besides the figures, each with how bad it is: before them what makes the check fail, e.g. `Server not
   * synchronized`, behind them what only ought to be known.
   */
  readonly remarks: readonly { readonly status: PluginStatus; readonly text: string }[];
}

/** The document of `check`, whose exit codes are those of monitoring plugins. */
export interface CheckDocument extends Omit<Finding, "figures"> {
  readonly schema: string;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly error?: FailureDocument;
  readonly status: PluginStatus;
  /** The line. */
  readonly message: string;
  readonly figures: readonly (Pick<Figure, "name" | "value"> & { readonly status: PluginStatus })[];
}

/** The document of what was found. */
export function checkDocument(finding: Finding, exitCode: number): CheckDocument {
  const { figures, remarks } = finding;
  return {
    schema: schemaName("check"),
    ok: exitCode === 0,
    exitCode,
    status: worst(finding),
    message: pluginLine(finding).trimEnd(),
    figures: figures.map((figure) => ({ name: figure.name, value: figure.value, status: statusOf(figure) })),
    remarks,
  };
}

/** How bad a figure is. One that is demanded and not known is critical, as the offset always is. */
export function statusOf({ name, value, thresholds: { warning, critical } }: Figure): PluginStatus {
  if (value === null) return name === "offset" || warning !== null || critical !== null ? "CRITICAL" : "OK";
  const against = (range: Range | null): boolean =>
    range !== null && isAlert(range.plain ? Math.abs(value) : value, range);
  if (against(critical)) return "CRITICAL";
  return against(warning) ? "WARNING" : "OK";
}

/** The worst of all; UNKNOWN counts as less than CRITICAL. */
export function worst({ figures, remarks }: Finding): PluginStatus {
  const all = [...figures.map(statusOf), ...remarks.map(({ status }) => status)];
  return SEVERITY.find((status) => all.includes(status)) ?? "OK";
}

/** The line. */
export function pluginLine(finding: Finding): string {
  const { figures, remarks } = finding;
  const measured = figures.filter(({ value }) => value !== null);
  const words = figures.filter(isSaid).map(figureText);
  const said = (isGood: boolean): string[] =>
    remarks.filter(({ status }) => (status === "OK") === isGood).map(({ text }) => printable(text));
  // The first bar ends the text: names and kiss codes have none.
  const text = [...said(false), ...words, ...said(true)].join(", ").replaceAll("|", "\\x7c");
  // Without any figure there is nothing behind the bar, and no bar.
  const data = figures.length === 0 ? "" : `|${measured.map(performanceData).join(" ")}`;
  return `NTP ${worst(finding)}: ${text}${data}\n`;
}

/** The line where nothing could be found out. */
export function unknownLine(text: string): string {
  return pluginLine({ figures: [], remarks: [{ status: "UNKNOWN", text }] });
}

/** A number as C's `%.10g` writes it. */
export function tenDigits(value: number): string {
  const [digits = "0", power = "0"] = value.toExponential(9).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 10) return withoutZeros(value.toFixed(9 - exponent));
  return `${withoutZeros(digits)}e${exponent < 0 ? "-" : "+"}${Math.abs(exponent).toString().padStart(2, "0")}`;
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

const SEVERITY: readonly PluginStatus[] = ["CRITICAL", "WARNING", "UNKNOWN", "OK"];

/** Units of the figures in performance data. */
const UNITS: Readonly<Record<Figure["name"], string>> = {
  offset: "s",
  jitter: "s",
  stratum: "",
  truechimers: "",
  falsetickers: "",
  rootdistance: "s",
  certificate: "",
};

/** Counts of which nothing is demanded are for whoever draws them. */
function isSaid({ name, thresholds: { warning, critical } }: Figure): boolean {
  return (name !== "truechimers" && name !== "falsetickers") || warning !== null || critical !== null;
}

function figureText({ name, value }: Figure): string {
  if (name === "offset") return value === null ? "Offset unknown" : `Offset ${tenDigits(value)} secs`;
  if (value === null) return `${name}=unknown`;
  const unit = name === "certificate" ? " days" : "";
  return `${name}=${UNITS[name] === "" ? value : value.toFixed(6)}${unit}`;
}

function performanceData({ name, value, thresholds: { warning, critical } }: Figure): string {
  const number = UNITS[name] === "" ? `${value!}` : `${value!.toFixed(6)}${UNITS[name]}`;
  const least = name === "offset" ? "" : "0";
  return `${name}=${number};${rangeText(warning, name)};${rangeText(critical, name)};${least}`;
}

function rangeText(range: Range | null, name: Figure["name"]): string {
  if (range === null) return "";
  const { low, high, inverted, plain } = range;
  const number = (value: number): string => (UNITS[name] === "" ? `${value}` : value.toFixed(6));
  if (plain && !inverted) return number(high);
  const lower = low === -Infinity ? "~" : number(low);
  return `${inverted ? "@" : ""}${lower}:${high === Infinity ? "" : number(high)}`;
}
