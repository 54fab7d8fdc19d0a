/**
 * The sockets of the service: one a family, or one an address, and the groups they hear. They follow the host's interfaces as
 * these come, go and change their addresses.
 */
import type { SocketToken } from "../../association/request.ts";
import { family } from "../../wire/address.ts";
import type { EngineConfig } from "../port/config.ts";
import type { HostFault } from "../port/event.ts";
import { ALL_ADDRESSES } from "./listening.ts";
import type { Serving } from "./serving.ts";
import type { State } from "../state.ts";

/** One of them. */
export interface ServiceSocket {
  readonly family: 4 | 6;
  /** What it is bound to: an address of ours, a wildcard, or a group. */
  readonly address: string;
  /** The group it alone is for; `null`: it also sends, and hears the groups where it is bound to all addresses. */
  readonly group: string | null;
  /** Opened when the host's interfaces had changed. */
  readonly late: boolean;
}

/** Opens them. */
export function openService(state: State): void {
  const { service } = state.config;
  if (service === null) return;
  fit(state, service.addresses, false);
  for (const { group } of service.groups) state.note({ what: "listening", group });
  // Of the interfaces that are named there is none, or nobody tells which there are.
  if (service.addresses.length === 0) state.note({ what: "notListening", why: "noAddress", late: true });
  else state.note({ what: "listening", group: null });
}

/** The configuration has changed: where other addresses, ports or groups are to be heard, the sockets are opened anew. */
export function reviseService(state: State, before: EngineConfig): void {
  if (opensSame(state.config, before)) return;
  for (const socket of state.serving.sockets.keys()) close(state, socket);
  openService(state);
}

/**
 * The host's addresses have changed: what is bound to one that has gone is closed, what may be bound now is, and groups are joined
 * by the interfaces that have come. What only listens is opened anew, for it may hear broadcasts by the addresses there were.
 * @param changed false: they may be the same as before
 */
export function refitService(state: State, changed: boolean): void {
  const { service } = state.config;
  if (service === null) return;
  if (changed && use(state.serving) === "hear") for (const socket of state.serving.sockets.keys()) close(state, socket);
  fit(state, service.addresses, true);
}

/**
 * One could not be opened, or cannot receive a group. Without privilege, or with another daemon on the port, there is no service;
 * anything else may be otherwise when the interfaces have changed.
 */
export function onServiceRefused(state: State, socket: SocketToken, why: HostFault, group?: string): void {
  const refused = state.serving.sockets.get(socket);
  if (refused === undefined) return;
  const { late, group: own } = refused;
  const deaf = group ?? own ?? undefined;
  // An address that is not there yet, or no more, is nothing to tell of each time that others change.
  if (!late || why !== "noAddress")
    state.note({
      what: "notListening",
      why,
      ...(deaf === undefined ? {} : { group: deaf }),
      ...(late ? { late } : {}),
    });
  if (group === undefined) state.serving.sockets.delete(socket);
  if (deaf === undefined && !late && (why === "noPrivilege" || why === "portInUse")) state.end("permission");
}

/** The socket that what goes to a family leaves by. */
export function socketFor({ sockets }: Serving, of: 4 | 6): SocketToken | undefined {
  for (const [socket, bound] of sockets) if (bound.family === of && bound.group === null) return socket;
  return undefined;
}

function opensSame(config: EngineConfig, before: EngineConfig): boolean {
  const opened = ({ service, serving }: EngineConfig): string => JSON.stringify([service, serving !== null]);
  return opened(config) === opened(before);
}

/** Closes what is not wanted any more, opens what is and is not open, and joins the groups on what there is. */
function fit(state: State, wanted: readonly string[], late: boolean): void {
  const { groups } = state.config.service!;
  for (const [socket, { address, group }] of state.serving.sockets)
    if (group === null && !wanted.includes(address)) close(state, socket);
  for (const address of wanted) if (!isOpen(state.serving, address)) open(state, address, null, late);
  for (const { group, interface: on } of groups) {
    const socket = hearing(state, group) ?? open(state, group, group, late);
    state.act({ kind: "join", socket, group, interface: on });
  }
}

/** The socket that a group is received by: one that is bound to all addresses or to one that hears it, or the group's own. */
function hearing(state: State, group: string): SocketToken | undefined {
  const of = family(group);
  for (const [socket, bound] of state.serving.sockets) {
    const isHearing =
      bound.group === null ? bound.family === of && state.config.service!.rules === null : bound.group === group;
    if (isHearing || (bound.family === of && ALL_ADDRESSES.includes(bound.address))) return socket;
  }
  return undefined;
}

function isOpen({ sockets }: Serving, address: string): boolean {
  for (const bound of sockets.values()) if (bound.group === null && bound.address === address) return true;
  return false;
}

function open(state: State, address: string, group: string | null, late: boolean): SocketToken {
  const { port, interface: on } = state.config.service!;
  const socket = state.nextToken();
  state.serving.sockets.set(socket, { family: family(address), address, group, late });
  state.act({ kind: "listen", socket, port, address, interface: on, use: use(state.serving) });
  return socket;
}

function close(state: State, socket: SocketToken): void {
  state.serving.sockets.delete(socket);
  state.act({ kind: "close", socket });
}

function use({ answering }: Serving): "serve" | "hear" {
  return answering === null ? "hear" : "serve";
}
