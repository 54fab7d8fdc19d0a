/** The way to ntpd-rs: a Unix stream socket that says all it knows to whoever connects, and closes. */
import type { Socket } from "node:net";
import { OBSERVATION_LIMIT, readObservation, type Observation, type ObservationFault } from "../control/observe.ts";
import type { Seconds } from "../time/seconds.ts";

/** Where ntpd-rs's own client looks for the socket; the daemon has one only where `observation-path` is set. */
export const NTPD_RS_SOCKET = "/var/run/ntpd-rs/observe";

/** Why nothing was told. */
export type ObserveFault =
  | ObservationFault
  | { readonly kind: "fault"; readonly fault: "timeout" } // nothing came, or not all
  | { readonly kind: "fault"; readonly fault: "unreachable" } // nobody listens, it is no such socket, or not for us
  | { readonly kind: "fault"; readonly fault: "incomplete" }; // the connection ended within the message

/** A reading under way. */
export interface Observing {
  /** `null`: it was closed. */
  readonly result: Promise<Observation | ObserveFault | null>;
  readonly close: () => void;
}

/** Reads what the daemon tells at a path. */
export function observe(path: string, timeout: Seconds): Observing {
  let settle: (result: Observation | ObserveFault | null) => void = () => {};
  const result = new Promise<Observation | ObserveFault | null>((done) => {
    settle = done;
  });
  const socket: Socket = process.getBuiltinModule("node:net").connect(path);
  const end = (value: Observation | ObserveFault | null): void => {
    clearTimeout(timer);
    socket.destroy();
    settle(value);
  };
  const timer = setTimeout(() => end({ kind: "fault", fault: "timeout" }), timeout * 1000);
  const read: Uint8Array[] = [];
  let length = 0;
  socket.on("data", (bytes: Uint8Array) => {
    read.push(bytes);
    length += bytes.length;
    const observation = readObservation(Buffer.concat(read));
    if (observation !== null) end(observation);
    else if (length > OBSERVATION_LIMIT) end({ kind: "fault", fault: "tooMuch" });
  });
  socket.on("end", () => end({ kind: "fault", fault: length === 0 ? "unreachable" : "incomplete" }));
  socket.on("error", () => end({ kind: "fault", fault: "unreachable" }));
  return { result, close: () => end(null) };
}
