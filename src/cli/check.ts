/** `ntpkit check`: a monitoring plugin. Servers are asked by the engine as `query` asks them, or a daemon is asked what it thinks. */
import { UsageError } from "../config/usage.ts";
import { parseRange, type Thresholds } from "../config/ranges.ts";
import { askDaemon } from "../host/ask.ts";
import { documentText } from "../view/document.ts";
import { describeFailure } from "../view/failure.ts";
import { checkDocument, pluginLine, STATUSES, worst, type Figure, type Finding } from "../view/plugin.ts";
import type { Leap } from "../wire/header.ts";
import { askFailure, askOptions, daemonPlaceOf } from "./asking.ts";
import { ASKING_DEFAULTS, CHECK_DEFAULTS } from "./options/defaults.ts";
import { failureContext, runGuarded } from "./guarded.ts";
import type { Io } from "./io.ts";
import { thisMachine } from "./measure.ts";
import { prepareOptions } from "./once.ts";
import { wantsMetrics, type OptionsOf } from "./options/offers.ts";
import { prepare } from "./prepare.ts";
import { askingFace } from "./asking-face.ts";
import { session } from "./session.ts";
import { Until } from "./until.ts";

/** What was measured, whoever told it. */
interface Measurement {
  readonly offset: number | null;
  readonly jitter: number | null;
  readonly stratum: number | null;
  readonly truechimers: number | null;
  readonly rootdistance: number | null;
  readonly leap: Leap | null;
  /** What is wrong besides the figures. */
  readonly remarks: Finding["remarks"];
}

/**
 * Checks.
 * @returns 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; mistakes of whoever typed are UNKNOWN too
 */
export async function runCheck(servers: readonly string[], options: OptionsOf<"check">, io: Io): Promise<number> {
  let measured: Measurement;
  try {
    if (options.daemon !== undefined && servers.length > 0)
      throw new UsageError(
        "--daemon and SERVER exclude each other",
        "a daemon is checked by what it says of its servers",
      );
    measured =
      options.daemon === undefined
        ? await measureServers(servers, options, io)
        : await askThe(options.daemon, options, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    measured = nothing("UNKNOWN", error.hint === null ? error.message : `${error.message}; ${error.hint}`);
  }
  const finding = findingOf(measured, options);
  const code = STATUSES.indexOf(worst(finding));
  if (options.json === true) io.out.write(documentText(checkDocument(finding, code), io.out.isTerminal));
  else if (wantsMetrics(options)) {
    const [{ giveMetrics }, { checkMetrics }] = await Promise.all([
      import("./metrics.ts"),
      import("../view/expositions.ts"),
    ]);
    giveMetrics(checkMetrics(finding), options, io);
  } else if (options.quiet !== true || code !== 0) io.out.write(pluginLine(finding));
  return code;
}

function nothing(status: "UNKNOWN" | "CRITICAL", text: string): Measurement {
  return {
    offset: null,
    jitter: null,
    stratum: null,
    truechimers: null,
    rootdistance: null,
    leap: null,
    remarks: [{ status, text }],
  };
}

async function measureServers(servers: readonly string[], options: OptionsOf<"check">, io: Io): Promise<Measurement> {
  const machine = thisMachine();
  const prepared = await prepare("query", servers, prepareOptions(options), io.env, machine.facts);
  const { config, keyring } = prepared;
  const ended = await session(askingFace("check", config), options, io, (watch) =>
    runGuarded({ config, keyring, machine, watch, forget: options.forget ?? false, force: false }),
  );
  const { snapshot, outcome } = ended;
  if (outcome === "no-reply") return nothing("CRITICAL", "No response from NTP server");
  const failure = describeFailure(outcome, snapshot, failureContext("check", config, ended));
  if (failure !== null && snapshot.clock.offset === null)
    return nothing(
      failure.code === "no-agreement" ||
        failure.code === "kiss" ||
        failure.code === "authentication" ||
        failure.code === "deadline"
        ? "CRITICAL"
        : "UNKNOWN",
      failure.message,
    );
  const { clock, system } = snapshot;
  const peer = snapshot.associations.find(({ id }) => id === system.systemPeer);
  const { jitter, offset } = clock;
  const stratum = peer?.stratum ?? null;
  return {
    offset,
    jitter,
    stratum,
    truechimers: system.truechimers,
    rootdistance: peer?.rootDistance ?? null,
    leap: system.leap,
    remarks: failure === null ? [] : [{ status: "CRITICAL", text: failure.message }],
  };
}

async function askThe(host: string, options: OptionsOf<"check">, io: Io): Promise<Measurement> {
  const until = new Until(io, options.deadline ?? ASKING_DEFAULTS.deadline);
  try {
    const asked = await askDaemon(daemonPlaceOf(host), await askOptions(options, until));
    if ("kind" in asked) {
      const { message } = askFailure(host, asked, until);
      return nothing(asked.fault === "unresolved" ? "UNKNOWN" : "CRITICAL", message);
    }
    const { system } = asked;
    const { offset, jitter, stratum, truechimers, rootDistance, leap } = system;
    const synchronized = leap !== "unsynchronized" && stratum < 16;
    if (!synchronized) return { ...nothing("CRITICAL", "Server not synchronized"), stratum, truechimers };
    // What a daemon never tells cannot be judged, which is not the same as bad.
    const untold = truechimers === null && options.truechimers !== undefined;
    const remarks: Finding["remarks"] = untold
      ? [{ status: "UNKNOWN", text: "the daemon does not tell its truechimers" }]
      : [];
    return { offset, jitter, stratum, truechimers, rootdistance: rootDistance, leap, remarks };
  } finally {
    until.release();
  }
}

const UNDEMANDED: Thresholds = { warning: null, critical: null };

/** The offset always; the others where something is demanded of them. */
function findingOf(measured: Measurement, options: OptionsOf<"check">): Finding {
  const offset: Figure = {
    name: "offset",
    value: measured.offset,
    thresholds: {
      warning: options.warning ?? parseRange(CHECK_DEFAULTS.warning, ""),
      critical: options.critical ?? parseRange(CHECK_DEFAULTS.critical, ""),
    },
  };
  // Where there is no answer at all, its words are enough, as check_ntp_time's are.
  const isMute = measured.offset === null && measured.stratum === null;
  const others = (["jitter", "stratum", "truechimers", "rootdistance"] as const).flatMap((name): Figure[] =>
    options[name] === undefined || (name === "truechimers" && measured[name] === null)
      ? []
      : [{ name, value: measured[name], thresholds: options[name] ?? UNDEMANDED }],
  );
  const announced = options.leap === true && (measured.leap === "insert" || measured.leap === "delete");
  const leap = announced
    ? [
        {
          status: "WARNING" as const,
          text: `a leap second will be ${measured.leap === "insert" ? "inserted" : "left out"}`,
        },
      ]
    : [];
  return { figures: isMute ? [] : [offset, ...others], remarks: [...measured.remarks, ...leap] };
}
