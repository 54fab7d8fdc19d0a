/** Stamps as messages and files have them: NTP seconds, 32 bits of them, of which only the nearest meaning counts. */

/** 1900 to 1970, seconds. */
const EPOCH = 2_208_988_800;

/** NTP seconds of the era. */
export function ntpSeconds(unix: number): number {
  return (unix + EPOCH) % 2 ** 32;
}

/** The Unix seconds that NTP seconds mean: those nearest to a moment. */
export function unixNear(ntp: number, near: number): number {
  return near + ((ntp - ntpSeconds(near)) | 0);
}

/** Whether one stamp is before another, of two less than 68 years apart. */
export function isBefore(stamp: number, other: number): boolean {
  return ((stamp - other) | 0) < 0;
}
