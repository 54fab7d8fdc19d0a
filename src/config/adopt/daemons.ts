/** Which time daemons a machine is configured for, by the files that they and distributions have. */

/** A daemon whose configuration can be taken over. */
export type DaemonName = "ntpsec" | "ntpd" | "chrony" | "ntpd-rs" | "openntpd" | "timesyncd";

/** The files of the machine that is looked at. */
export interface MachineFiles {
  /** Whether there is one, be it a link that leads nowhere; true where that cannot be known, and who reads it learns why. */
  exists(path: string): boolean;
  /** UTF-8 text; throws what the system says. */
  read(path: string): string;
  /** Names in a folder; throws what the system says. */
  list(folder: string): readonly string[];
}

/** A daemon that was found. */
export interface FoundDaemon {
  readonly daemon: DaemonName;
  /** Its configuration file. */
  readonly config: string;
  /** Whether it is started with the machine, as far as links of systemd tell. */
  readonly enabled: boolean;
}

/** In the order in which they are taken where none, or several, are enabled: timesyncd is on most machines, used or not. */
const DAEMONS: Readonly<
  Record<DaemonName, { readonly configs: readonly string[]; readonly units: readonly string[] }>
> = {
  ntpsec: { configs: ["/etc/ntpsec/ntp.conf"], units: ["ntpsec", "ntp"] },
  ntpd: { configs: ["/etc/ntp.conf"], units: ["ntp", "ntpd"] },
  chrony: { configs: ["/etc/chrony/chrony.conf", "/etc/chrony.conf"], units: ["chrony", "chronyd"] },
  "ntpd-rs": { configs: ["/etc/ntpd-rs/ntp.toml"], units: ["ntpd-rs"] },
  openntpd: { configs: ["/etc/openntpd/ntpd.conf", "/etc/ntpd.conf"], units: ["openntpd"] },
  timesyncd: {
    configs: ["/etc/systemd/timesyncd.conf", "/usr/lib/systemd/timesyncd.conf"],
    units: ["systemd-timesyncd"],
  },
};

/** Their names. */
export const DAEMON_NAMES: readonly DaemonName[] = Object.keys(DAEMONS) as DaemonName[];

/** Where systemd has the links of what is enabled. */
const WANTS = ["multi-user", "sysinit", "default", "time-sync", "basic"].map(
  (target) => `/etc/systemd/system/${target}.target.wants`,
);

/** Every one that has a configuration; first the one to take. */
export function findDaemons(files: MachineFiles): readonly FoundDaemon[] {
  const wanted = new Set(WANTS.flatMap((folder) => listed(folder, files)));
  const found = DAEMON_NAMES.flatMap((daemon): FoundDaemon[] => {
    const { configs, units } = DAEMONS[daemon];
    const config = configs.find((path) => files.exists(path));
    const enabled = units.some((unit) => wanted.has(`${unit}.service`));
    return config === undefined ? [] : [{ daemon, config, enabled }];
  });
  return found.toSorted((one, other) => Number(other.enabled) - Number(one.enabled));
}

/** The names in a folder; of one that is not there, or is closed to us, none. */
function listed(folder: string, files: MachineFiles): readonly string[] {
  try {
    return files.list(folder);
  } catch {
    return [];
  }
}
