/** The document of `run --check`: the resolved configuration, every default filled in. */
import type { KeyIdRange } from "../security/keyids.ts";
import { placedText } from "../security/place.ts";
import { DEFAULT_LIMITS } from "../system/limits.ts";
import { literalFamily } from "./literal.ts";
import type { AssociationLine, Configuration } from "./ntpconf/configuration.ts";
import type { Remark } from "./ntpconf/parse.ts";

/** A line of a file as data, or what a limit is where there is none: `null`. */
type Data = { readonly [name: string]: unknown };

/** `ntpkit/config/1` */
export interface ConfigDocument extends Data {
  readonly schema: "ntpkit/config/1";
  readonly ok: true;
  readonly exitCode: 0;
}

/** The mode of each kind of association, as other documents name modes. */
const MODES: Readonly<Record<AssociationLine["kind"], string>> = {
  server: "client",
  pool: "pool",
  peer: "symmetricActive",
  broadcast: "broadcast",
  broadcastClient: "broadcastClient",
  manycast: "manycastClient",
};

/**
 * Makes the document.
 * @param path of the file
 * @param port that is served
 */
export function configDocument(
  path: string,
  file: Configuration,
  remarks: readonly Remark[],
  port: number,
): ConfigDocument {
  const { phi: _phi, ...selection } = DEFAULT_LIMITS;
  const { switches, tinker, discard, nts, discovery, statistics, localClock } = file;
  return {
    schema: "ntpkit/config/1",
    ok: true,
    exitCode: 0,
    file: path,
    port,
    associations: file.associations.map((line) => association(line, file.rings)),
    localClock: localClock === null ? null : { address: `127.127.1.${localClock.unit}`, stratum: localClock.stratum },
    broadcastClient: {
      enabled: file.broadcastClient || file.multicastClient.length > 0,
      groups: file.multicastClient,
      delay: file.broadcastDelay,
      nts: file.provedBroadcasts !== null,
      ...(file.provedBroadcasts?.certified === undefined ? {} : { certified: file.provedBroadcasts.certified }),
      ...(file.autokeyBroadcasts === null ? {} : { autokey: file.autokeyBroadcasts }),
    },
    manycastServer: { groups: file.manycastServer },
    rings: file.rings,
    callDelay: file.callDelay,
    keys: file.keys?.path ?? null,
    trustedKeys: file.trusted === null ? null : file.trusted.map(keyRange),
    controlKey: file.controlKey,
    selection: { ...selection, ...file.limits, ...discovery },
    restrict: file.restrict.map(({ address, family, mask, flags }) => ({ address, family, mask, flags })),
    discard: { ...discard },
    autokey:
      file.crypto === null
        ? null
        : {
            keysFolder: file.keysFolder,
            host: file.crypto.host,
            ident: file.crypto.ident,
            digest: file.crypto.digest,
            idents: file.idents,
          },
    nts: {
      enabled: nts.enabled,
      certificate: nts.certificate,
      key: nts.key,
      cookies: nts.cookies,
      port: nts.port,
      server: nts.server,
    },
    mru: { ...file.mru },
    switches: { ...switches },
    tinker: {
      step: limit(tinker.step),
      stepBack: limit(tinker.stepBack),
      stepout: tinker.stepout,
      panic: limit(tinker.panic),
      frequency: tinker.freq,
      allan: tinker.allan,
      dispersion: tinker.dispersion,
      huffpuff: tinker.huffpuff,
    },
    driftFile: file.driftFile,
    driftForm: file.driftForm,
    driftTolerance: file.driftTolerance,
    leapFile: file.leapFile === null ? null : { path: file.leapFile.path, checkHash: file.leapFile.checkHash },
    leapSmearInterval: file.smear,
    statistics: {
      folder: statistics.folder,
      files: Object.entries(statistics.kinds).map(([name, { file: base, type, link, enabled, asked }]) => ({
        name,
        file: base,
        type,
        link,
        enabled: enabled && asked && switches.stats,
      })),
    },
    interfaces: file.interfaces.map(({ action, what }) => ({ action, what })),
    variables: file.variables.map(({ name, value, standard }) => ({ name, value, default: standard })),
    logFile: file.logFile,
    pidFile: file.pidFile,
    remarks: remarks.map(({ level, text, at }) => ({
      level,
      ...at,
      text,
      message: placedText({ ...at, message: text }),
    })),
  };
}

function association(
  {
    kind,
    name,
    family,
    port,
    version,
    minpoll,
    maxpoll,
    iburst,
    burst,
    prefer,
    noselect,
    trusted,
    preempt,
    key,
    nts,
    autokey,
    certified,
    ttl,
    xleave,
    at,
  }: AssociationLine,
  rings: readonly number[],
): Data {
  const hops = ttl ?? (kind === "manycast" ? (rings.at(-1) ?? null) : null);
  return {
    name,
    address: literalFamily(name) === 0 ? null : name,
    mode: MODES[kind],
    family,
    port,
    version,
    minpoll,
    maxpoll,
    iburst,
    burst,
    prefer,
    noselect,
    true: trusted,
    preempt,
    key,
    nts,
    ...(autokey === undefined ? {} : { autokey }),
    ...(certified === undefined ? {} : { certified }),
    xleave,
    ttl: hops,
    file: at.file,
    line: at.line,
  };
}

function keyRange({ first, last }: KeyIdRange): string | number {
  return first === last ? first : `${first}...${last}`;
}

/** JSON has no infinity: a limit that is off is `null`. */
function limit(value: number): number | null {
  return value === Infinity ? null : value;
}
