/** ntp.toml of ntpd-rs → ntp.conf. */
import type { Place } from "../../security/place.ts";
import { literalFamily } from "../literal.ts";
import { accessLines, EVERYTHING, networkOf, NOBODY, ntpdRsAccess, type Network } from "./access.ts";
import { isTable, parseToml, type Toml, type TomlTable } from "./toml.ts";
import type { Translation } from "./translate.ts";
import { hostFault, quoted, Writer } from "./writer.ts";

/** Translates ntp.toml. @throws UsageError where it is no TOML */
export function translateNtpdRs(text: string, file: string): Translation {
  const document = parseToml(text, file);
  const writer = new Writer();
  const defaults = tableOf(document, "source-defaults");
  for (const source of tablesOf(document, "source"))
    translateSource(source, defaults, placeOf(document, "source", file), writer);
  synchronization(tableOf(document, "synchronization"), writer, file);
  servers(tablesOf(document, "server"), writer, file);
  establishing(tablesOf(document, "nts-ke-server"), tableOf(document, "keyset"), writer, file);
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
  "nts-ke-server",
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
  const fault = hostFault(host);
  if (fault !== null) return writer.left(`source ${JSON.stringify(address)}`, place, fault);
  const limits = source.values.get("poll-interval-limits") ?? defaults?.values.get("poll-interval-limits");
  const bound = (name: string): string => {
    const value = isTable(limits) ? limits.values.get(name) : undefined;
    return typeof value === "number" ? ` ${name}poll ${Math.min(Math.max(value, 3), 17)}` : "";
  };
  // ntpd-rs's own limits are 2^4 and 2^10 s.
  writer.line(
    `${known.command} ${host} ${known.options}${bound("min") || " minpoll 4"}${bound("max")}${port === null ? "" : ` port ${port}`}`,
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

/** Whom ntpd-rs answers on one address. Without a server table it answers nobody. */
function servers(tables: readonly TomlTable[], writer: Writer, file: string): void {
  const [first, ...others] = tables.map((table) => serverOf(table, writer, file));
  if (first === undefined) return accessLines(NOBODY).forEach((line) => writer.line(line));
  // What one port answers is not told apart by the address it came to.
  const different = others.find(({ said }) => said !== first.said);
  if (different !== undefined)
    writer.refuse(
      "servers with lists of their own cannot be translated: here all addresses have one list",
      different.at,
    );
  const all = [first, ...others];
  const hosts = all.map(({ host }) => host);
  const isAnywhere = hosts.some((host) => host === "0.0.0.0" || host === "::");
  // Where addresses are not told apart, families are.
  const heard = ({ octets }: Network): boolean =>
    !isAnywhere || hosts.some((host) => (literalFamily(host) === 4) === (octets.length === 4));
  const { allowed, denied, onlyNewest } = first;
  for (const line of accessLines(
    ntpdRsAccess(allowed.filter(heard), denied.filter(heard)),
    onlyNewest ? " version" : "",
  ))
    writer.line(line);
  if (!isAnywhere) {
    writer.line("interface ignore all");
    for (const host of hosts) writer.line(`interface listen ${host}`);
  }
}

/** Words of `nts-ke-server`, as `nts` has them here. */
const ESTABLISHING: ReadonlyMap<string, string> = new Map([
  ["certificate-chain-path", "cert"],
  ["private-key-path", "key"],
  ["ntp-server", "server"],
]);

/** How keys are established. One service is there, at one port of all addresses that are served. */
function establishing(
  [first, ...others]: readonly TomlTable[],
  keyset: TomlTable | null,
  writer: Writer,
  file: string,
): void {
  for (const table of others)
    writer.left("[[nts-ke-server]]", placeOf(table, "listen", file), "one establishes keys, the first");
  if (first !== undefined) establishingBy(first, writer, file);
  // The keys of cookies are of one make here and of another there: a file of theirs is not read, nor written over.
  for (const [name, value] of keyset?.values ?? [])
    writer.left(
      `${name} = ${shown(value)}`,
      placeOf(keyset!, name, file),
      name === "key-storage-path"
        ? "cookies have keys of their own here (nts cookie FILE, or nts-keys in the state directory)"
        : "a key of cookies is drawn each day, and ten former ones open them",
    );
}

function establishingBy(table: TomlTable, writer: Writer, file: string): void {
  const port = table.values.get("ntp-port");
  const words: string[] = [];
  for (const [name, value] of table.values) {
    const at = placeOf(table, name, file);
    const word = ESTABLISHING.get(name);
    if (name === "listen") {
      const listening = typeof value === "string" ? hostPort(value) : null;
      if (listening?.port !== undefined && listening.port !== null) words.push(`port ${listening.port}`);
    } else if (word === "server" && typeof value === "string" && hostFault(value) === null) {
      const host = literalFamily(value) === 6 ? `[${value}]` : value;
      words.push(`server ${host}${typeof port === "number" ? `:${port}` : ""}`);
    } else if (word !== undefined && word !== "server" && typeof value === "string")
      words.push(`${word} ${quoted(value)}`);
    else if (name !== "ntp-port" || !table.values.has("ntp-server"))
      writer.left(`${name} = ${shown(value)}`, at, "there is nothing like it");
  }
  writer.line(`nts enable ${words.join(" ")}`);
}

/** What one server table says. */
interface Server {
  readonly host: string;
  readonly allowed: readonly Network[];
  readonly denied: readonly Network[];
  /** Of the versions that are known here only the newest is answered. */
  readonly onlyNewest: boolean;
  /** Its lists as one text, to be compared. */
  readonly said: string;
  readonly at: Place;
}

function serverOf(table: TomlTable, writer: Writer, file: string): Server {
  const at = placeOf(table, "listen", file);
  const listen = table.values.get("listen");
  const { host, port } = hostPort(typeof listen === "string" ? listen : "");
  if (literalFamily(host) === 0) writer.refuse("a server listens on an address and a port", at);
  if (port !== null && port !== "123") writer.warn(at, `clients are answered on port 123 (run --port ${port})`);
  for (const [name, value] of table.values)
    if (!ACCESS.has(name))
      writer.left(`${name} = ${shown(value)}`, placeOf(table, name, file), "there is nothing like it");
  const denied = networksOf(table, "denylist", writer, file);
  const versions = versionsOf(table, writer, file);
  // Who must have NTS is not answered without it.
  const required = table.values.get("require-nts") ?? false;
  const closed = required !== false || versions === "none";
  if (required !== false)
    writer.warn(
      placeOf(table, "require-nts", file),
      "nobody is answered: NTS is required, and that cannot be asked of clients here",
    );
  const allowed = closed ? [] : networksOf(table, "allowlist", writer, file);
  const said = JSON.stringify([...[allowed, denied].map((list) => list.map(({ text }) => text).toSorted()), versions]);
  return { host, allowed, denied, onlyNewest: versions === "newest", said, at };
}

const ACCESS: ReadonlySet<string> = new Set(["listen", "allowlist", "denylist", "require-nts", "accept-ntp-versions"]);

/** The versions that are answered: 3 and 4 unless said; here it is all of them or the newest one. */
function versionsOf(table: TomlTable, writer: Writer, file: string): "all" | "newest" | "none" {
  const versions = table.values.get("accept-ntp-versions") ?? [3, 4];
  const accepts = (version: number): boolean => Array.isArray(versions) && versions.includes(version);
  if (accepts(3) && !accepts(4))
    writer.refuse("version 3 cannot be answered without version 4 here", placeOf(table, "accept-ntp-versions", file));
  return accepts(3) ? "all" : accepts(4) ? "newest" : "none";
}

/** The networks of a list; without an allowlist everybody is on it, without a denylist nobody. */
function networksOf(
  table: TomlTable,
  name: "allowlist" | "denylist",
  writer: Writer,
  file: string,
): readonly Network[] {
  const list = table.values.get(name);
  if (list === undefined) return name === "allowlist" ? EVERYTHING : [];
  const at = placeOf(table, name, file);
  const filter = isTable(list) ? list.values.get("filter") : undefined;
  if (!Array.isArray(filter)) writer.refuse(`"${name}" has no filter`, at);
  if (isTable(list) && list.values.get("action") === "deny")
    writer.warn(at, "whoever is denied is not told so: such requests are dropped");
  return (filter as readonly Toml[]).map((item) => {
    const network = typeof item === "string" ? networkOf(item) : null;
    return network ?? writer.refuse(`"${shown(item)}" of "${name}" is no network`, at);
  });
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
