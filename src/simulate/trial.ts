/** Somebody's own ntp.conf → a world in which its servers are there: what would this configuration do? */
import { daemonConfig } from "../config/daemon.ts";
import type { Configuration } from "../config/ntpconf/configuration.ts";
import type { Remark } from "../config/ntpconf/parse.ts";
import { literalFamily } from "../config/literal.ts";
import { DEFAULT_DISCIPLINE } from "../discipline/disciplines.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import { refidOfAddress } from "../wire/refid.ts";
import { md5 } from "../security/md5.ts";
import type { PlannedLink, PlannedSource, WorldPlan } from "./plan.ts";

/** What a network is like. */
export type NetworkName = "lan" | "wan" | "jittery";

/** The way to a server in each; the seed draws each server's own. */
export const NETWORKS: Readonly<Record<NetworkName, PlannedLink>> = {
  lan: { delay: range(50e-6, 500e-6), jitter: 50e-6, asymmetry: range(-20e-6, 20e-6), loss: 0, duplication: 0 },
  wan: { delay: range(0.005, 0.06), jitter: 0.0015, asymmetry: range(-0.002, 0.002), loss: 0.005, duplication: 0 },
  jittery: { delay: range(0.01, 0.08), jitter: 0.02, asymmetry: range(-0.01, 0.01), loss: 0.03, duplication: 0.001 },
};

/** The network of a name; absent: there is none. */
export function networkNamed(name: string | null): NetworkName | undefined {
  return (Object.keys(NETWORKS) as NetworkName[]).find((one) => one === name);
}

/** How many servers stand behind a pool's name. */
const POOL_SIZE = 4;
const DAY = 86_400;
/** Where they answer, whatever port the line names. */
const PORT = 123;
/** The host's own addresses, of both families. */
const OWN = ["10.0.0.1", "fd00::1"] as const;

/** A world for one host, and what of its configuration is not tried. */
export interface Trial {
  readonly plan: WorldPlan;
  readonly remarks: readonly Remark[];
}

/** The world of a configuration: a host that is up to a second wrong, and good servers by the names it has for them. */
export function trialOf(file: Configuration, network: NetworkName): Trial {
  const link = NETWORKS[network];
  const servers = new Map<string, readonly PlannedSource[]>();
  const remarks: Remark[] = [];
  for (const { kind, name, at, key, nts } of file.associations) {
    if (kind !== "server" && kind !== "pool") {
      remarks.push({ level: "warning", text: `"${name}" is not tried: nobody in this world answers it`, at });
      continue;
    }
    if (key !== null) remarks.push({ level: "note", text: `"${name}" is asked without key ${key}`, at });
    if (nts) remarks.push({ level: "note", text: `"${name}" is asked without NTS`, at });
    if (!servers.has(name)) servers.set(name, sourcesOf(kind, name, servers.size, link));
  }
  const sources = [...servers.values()].flat();
  const host = {
    name: "host",
    addresses: OWN,
    clockError: range(-1, 1),
    drift: range(-30e-6, 30e-6),
    link: { ...link, delay: range(0, 0), jitter: 0, asymmetry: range(0, 0), loss: 0, duplication: 0 },
    config: configOf(file),
    discipline: DEFAULT_DISCIPLINE,
    keys: null,
    wander: 1e-9,
    temperature: null,
  };
  const plan: WorldPlan = {
    title: `this configuration in a ${network === "jittery" ? "jittery network" : network.toUpperCase()}`,
    duration: DAY,
    seed: "1",
    beginning: "2026-11-21T00:00:00.000Z",
    sources,
    hosts: [host],
    pairs: [],
    names: new Map([...servers].map(([name, of]) => [name, of.map((source) => source.name)])),
    events: [],
  };
  return { plan, remarks };
}

/** What a daemon would be told, without keys of either kind and without lines that nobody answers. */
function configOf(file: Configuration): EngineConfig {
  const associations = file.associations
    .filter(({ kind }) => kind === "server" || kind === "pool")
    .map((line) => ({ ...line, key: null, nts: false, port: PORT }));
  return daemonConfig(
    { ...file, associations },
    { noClock: false, discipline: DEFAULT_DISCIPLINE, anyFirst: false, port: PORT },
    {
      precision: -24,
      ownReferenceIds: OWN.map((ip) => refidOfAddress(ip, md5) ?? 0),
      interfaces: { eth0: OWN },
      frequency: null,
      smear: null,
    },
  );
}

/** Good servers of strata 1 and 2; a literal address is that of the one. */
function sourcesOf(kind: "server" | "pool", name: string, index: number, link: PlannedLink): readonly PlannedSource[] {
  const isLiteral = literalFamily(name) !== 0;
  const count = kind === "pool" && !isLiteral ? POOL_SIZE : 1;
  return Array.from({ length: count }, (_, place) => {
    const stratum = 1 + ((index + place) % 2);
    return {
      name: count === 1 ? name : `${name}#${place + 1}`,
      addresses: isLiteral ? [name] : [`10.2.${index}.${place + 1}`],
      clockError: range(-0.0002, 0.0002),
      drift: range(0, 0),
      link,
      stratum,
      rootDelay: stratum === 1 ? 0 : 0.005,
      rootDispersion: stratum === 1 ? 0.001 : 0.005,
      lie: 0,
    };
  });
}

function range(low: number, high: number): { readonly low: number; readonly high: number } {
  return { low, high };
}
