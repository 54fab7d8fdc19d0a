/** ntp.toml of ntpd-rs → ntp.conf. */
import { parseNetwork } from "../../server/access.ts";
import type { Place } from "../../security/place.ts";
import { literalFamily } from "../literal.ts";
import { isTable, parseToml, type Toml, type TomlTable } from "./toml.ts";
import type { Translation } from "./translate.ts";
import { CLOSED, Writer } from "./writer.ts";

/** Translates ntp.toml. @throws UsageError where it is no TOML */
export function translateNtpdRs(text: string, file: string): Translation {
  const document = parseToml(text, file);
  const writer = new Writer();
  const defaults = tableOf(document, "source-defaults");
  for (const source of tablesOf(document, "source"))
    translateSource(source, defaults, placeOf(document, "source", file), writer);
  synchronization(tableOf(document, "synchronization"), writer, file);
  servers(tablesOf(document, "server"), writer, file);
  for (const name of document.values.keys())
    if (!KNOWN.has(name)) writer.left(`[${name}]`, placeOf(document, name, file), "there is nothing like it");
  return writer.done(file);
}

const KNOWN: ReadonlySet<string> = new Set([
  "source",
  "source-defaults",
  "server",
  "synchronization",
  "observability",
  "keyset",
  "clock-algorithm",
]);

/** The commands of each mode. */
const MODES: ReadonlyMap<string, { readonly command: string; readonly options: string }> = new Map([
  ["server", { command: "server", options: "iburst" }],
  ["pool", { command: "pool", options: "iburst" }],
  ["nts", { command: "server", options: "iburst nts" }],
  ["nts-pool", { command: "pool", options: "iburst nts" }],
]);

function translateSource(source: TomlTable, defaults: TomlTable | null, at: Place, writer: Writer): void {
  const mode = source.values.get("mode");
  const address = source.values.get("address");
  const place = source.places.get("address") ?? source.places.get("mode") ?? at;
  const known = typeof mode === "string" ? MODES.get(mode) : undefined;
  if (known === undefined || typeof address !== "string")
    return writer.left(
      `source of mode ${JSON.stringify(mode ?? null)}`,
      place,
      typeof address === "string" ? "there is nothing like it" : "it names no address",
    );
  const { host, port } = hostPort(address);
  const limits = source.values.get("poll-interval-limits") ?? defaults?.values.get("poll-interval-limits");
  const bound = (name: string): string => {
    const value = isTable(limits) ? limits.values.get(name) : undefined;
    return typeof value === "number" ? ` ${name}poll ${Math.min(Math.max(value, 3), 17)}` : "";
  };
  // ntpd-rs's own limits are 2^4 and 2^10 s.
  writer.line(
    `${known.command} ${host} ${known.options}${bound("min") || " minpoll 4"}${bound("max")}${port === null || known.options.includes("nts") ? "" : ` port ${port}`}`,
  );
  for (const name of source.values.keys())
    if (!["mode", "address", "poll-interval-limits"].includes(name))
      writer.warn(source.places.get(name) ?? place, `${host}: "${name}" is left out`);
}

function synchronization(table: TomlTable | null, writer: Writer, file: string): void {
  // At least three sources have to agree unless the file says otherwise.
  const agreeing = table?.values.get("minimum-agreeing-sources") ?? 3;
  if (typeof agreeing === "number") writer.line(`tos minsane ${agreeing}`);
  thresholds(table, writer, file);
  if (table === null) return;
  for (const [name, value] of table.values) {
    const at = placeOf(table, name, file);
    if (name === "minimum-agreeing-sources" || THRESHOLDS.has(name)) continue;
    if (name === "local-stratum" && typeof value === "number") {
      if (value >= 1 && value < 16) {
        writer.line("server 127.127.1.0");
        writer.line(`fudge 127.127.1.0 stratum ${value - 1}`);
      }
    } else writer.left(`${name} = ${shown(value)}`, at, "there is nothing like it");
  }
}

const THRESHOLDS: ReadonlySet<string> = new Set([
  "single-step-panic-threshold",
  "startup-step-panic-threshold",
  "algorithm",
]);

/** What ntpd-rs has without a word: steps from 10 ms on, ends beyond 1000 s, and at the start beyond a day backward. */
const RS_STEP = 0.01;
const RS_PANIC = 1000;
const RS_STARTUP: Directions = { forward: Infinity, backward: 86_400 };

/** A threshold each way, seconds; `Infinity`: none. */
interface Directions {
  readonly forward: number;
  readonly backward: number;
}

function thresholds(table: TomlTable | null, writer: Writer, file: string): void {
  const at = (name: string): Place => table?.places.get(name) ?? { file, line: 1, column: 1 };
  const algorithm = table === null ? null : tableOf(table, "algorithm");
  const step = algorithm?.values.get("step-threshold");
  for (const [name, value] of algorithm?.values ?? [])
    if (name !== "step-threshold")
      writer.left(`${name} = ${shown(value)}`, placeOf(algorithm!, name, file), "there is nothing like it");
  const given = (name: string, otherwise: Directions): Directions => {
    const value = table?.values.get(name);
    const read = value === undefined ? otherwise : directions(value);
    if (read === null) writer.left(`${name} = ${shown(value!)}`, at(name), "it is no threshold");
    return read ?? otherwise;
  };
  const panic = given("single-step-panic-threshold", { forward: RS_PANIC, backward: RS_PANIC });
  const startup = given("startup-step-panic-threshold", RS_STARTUP);
  const least = Math.min(panic.forward, panic.backward);
  writer.line(
    `tinker step ${typeof step === "number" && step > 0 ? step : RS_STEP} panic ${Number.isFinite(least) ? least : 0}`,
  );
  if (panic.forward !== panic.backward)
    writer.warn(at("single-step-panic-threshold"), `${least} s is the panic threshold each way`);
  if (startup.forward === least && startup.backward === least) return;
  const those = Object.entries(startup)
    .map(([way, most]) => (most === Infinity ? `any size ${way}` : `${most} s ${way}`))
    .join(" and ");
  writer.warn(
    at("startup-step-panic-threshold"),
    `the first correction is held to the same panic threshold, not to ${those} (run --any-offset lets it be of any size)`,
  );
}

/** A number of seconds or `"inf"`, or a table of them; `null`: neither. */
function directions(value: Toml): Directions | null {
  const [forward, backward] = isTable(value)
    ? [limitOf(value.values.get("forward") ?? "inf"), limitOf(value.values.get("backward") ?? "inf")]
    : [limitOf(value), limitOf(value)];
  return forward === null || backward === null ? null : { forward, backward };
}

function limitOf(value: Toml): number | null {
  if (value === "inf") return Infinity;
  return typeof value === "number" && value > 0 ? value : null;
}

/** Without a server table ntpd-rs answers nobody. */
function servers(tables: readonly TomlTable[], writer: Writer, file: string): void {
  if (tables.length === 0) return CLOSED.forEach((line) => writer.line(line));
  const allowed = tables.flatMap((table) => filterOf(table, "allowlist"));
  const denied = tables.flatMap((table) => filterOf(table, "denylist"));
  writer.line(allowed.length > 0 ? "restrict default ignore" : "restrict default nomodify notrap nopeer noquery");
  if (allowed.length > 0) writer.line("restrict source noserve noquery nomodify notrap");
  for (const [networks, flags] of [
    [allowed, "nomodify notrap nopeer noquery"],
    [denied, "ignore"],
  ] as const) {
    for (const network of networks) if (parseNetwork(network) !== null) writer.line(`restrict ${network} ${flags}`);
  }
  const listens = tables
    .flatMap((table) => table.values.get("listen") ?? [])
    .filter((listen) => typeof listen === "string");
  const hosts = listens.map((listen) => hostPort(listen).host).filter((host) => host !== "0.0.0.0" && host !== "::");
  if (hosts.length === listens.length && hosts.length > 0) {
    writer.line("interface ignore all");
    for (const host of hosts) if (literalFamily(host) !== 0) writer.line(`interface listen ${host}`);
  }
  for (const table of tables)
    for (const name of table.values.keys())
      if (!["listen", "allowlist", "denylist"].includes(name))
        writer.left(
          `${name} = ${shown(table.values.get(name)!)}`,
          placeOf(table, name, file),
          "there is nothing like it",
        );
}

function filterOf(table: TomlTable, name: string): string[] {
  const list = table.values.get(name);
  const filter = isTable(list) ? list.values.get("filter") : undefined;
  return Array.isArray(filter) ? filter.filter((item): item is string => typeof item === "string") : [];
}

function hostPort(text: string): { readonly host: string; readonly port: string | null } {
  const match =
    /^\[([^\]]+)\](?::(\d+))?$/.exec(text) ?? (literalFamily(text) === 6 ? null : /^([^:]+)(?::(\d+))?$/.exec(text));
  return { host: match?.[1] ?? text, port: match?.[2] ?? null };
}

function tableOf({ values }: TomlTable, name: string): TomlTable | null {
  const value = values.get(name);
  return isTable(value) ? value : null;
}

function tablesOf({ values }: TomlTable, name: string): readonly TomlTable[] {
  const value = values.get(name);
  return Array.isArray(value) ? value.filter(isTable) : [];
}

function placeOf({ places }: TomlTable, name: string, file: string): Place {
  return places.get(name) ?? { file, line: 0, column: 0 };
}

function shown(value: Toml): string {
  if (typeof value === "object") return isTable(value) ? "{ … }" : "[ … ]";
  return String(value);
}
