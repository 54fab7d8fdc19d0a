/** Error numbers and error codes of the system → the engine's names for them: one table for our own sockets and for Node's. */
import { constants } from "node:os";
import type { HostFault } from "../engine/port/event.ts";
import { own } from "../wire/own.ts";

const FAULTS = {
  EPERM: "noPrivilege",
  EACCES: "noPrivilege",
  EADDRINUSE: "portInUse",
  EADDRNOTAVAIL: "noAddress",
  ENODEV: "noAddress",
  ENXIO: "noAddress",
  ENETUNREACH: "noRoute",
  EHOSTUNREACH: "noRoute",
  ENETDOWN: "noRoute",
  EHOSTDOWN: "noRoute",
  EAFNOSUPPORT: "noRoute",
  ECONNREFUSED: "portUnreachable",
  EMSGSIZE: "tooLarge",
  EMFILE: "noResources",
  ENFILE: "noResources",
  ENOBUFS: "noResources",
  ENOMEM: "noResources",
} as const satisfies Record<string, HostFault>;

const NUMBERS: Readonly<Record<string, number>> = constants.errno;

/** The number of an error code on this system, −1 if it has none. */
export function errorNumber(code: string): number {
  return own(NUMBERS, code) ?? -1;
}

const BY_NUMBER: ReadonlyMap<number, HostFault> = new Map(
  Object.entries(FAULTS).map(([code, fault]) => [errorNumber(code), fault]),
);

/** What an errno means to the engine. */
export function faultOfErrno(errno: number): HostFault {
  return BY_NUMBER.get(errno) ?? "other";
}

/** What a Node error's `code` means to the engine. */
export function faultOfCode(code: string | undefined): HostFault {
  return own<HostFault>(FAULTS, code ?? "") ?? "other";
}
