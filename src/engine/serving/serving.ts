/** What this room keeps: the host's addresses and the service's sockets, who may ask, and who answers and broadcasts. */
import type { Broadcaster } from "../../association/broadcaster.ts";
import type { SocketToken } from "../../association/request.ts";
import { AccessList } from "../../server/access.ts";
import type { EngineConfig } from "../port/config.ts";
import type { Answering } from "./answering.ts";
import type { ServiceSocket } from "./sockets.ts";

/** The state of serving clients. */
export interface Serving {
  /** The host's addresses, IP literals; `null`: not known. */
  addresses: readonly string[] | null;
  /** Sockets of the service. */
  readonly sockets: Map<SocketToken, ServiceSocket>;
  /** Who may do what; open to all where clients are not answered. */
  access: AccessList;
  /** The server; `null` where none is. */
  answering: Answering | null;
  /** The lines we broadcast by. */
  broadcasters: readonly Broadcaster[];
}

/** Nothing is open yet. */
export function serving({ serving: configured }: EngineConfig): Serving {
  return {
    addresses: configured?.ownAddresses ?? null,
    sockets: new Map(),
    access: new AccessList(configured?.access),
    answering: null,
    broadcasters: [],
  };
}

/** Another configuration counts: a list that says the same is kept, and with it how often each of its entries counted. */
export function reviseAccess(state: Serving, config: EngineConfig, before: EngineConfig): void {
  const [now, then] = [config, before].map((configured) => JSON.stringify(configured.serving?.access));
  if (now !== then) state.access = new AccessList(config.serving?.access);
}
