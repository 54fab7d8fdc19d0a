/** A small NTP server on loopback for the demonstration: answers client requests by the local clock, wrong on purpose. */
import { createSocket, type Socket } from "node:dgram";
import type { ClockReader } from "../../host/clock.ts";
import { CommandFailure } from "../exit.ts";
import type { Seconds } from "../../time/seconds.ts";
import { shift, UNKNOWN_TIME } from "../../time/timestamp.ts";
import { encodeHeader, type Header } from "../../wire/header.ts";
import { decodePacket } from "../../wire/packet.ts";
import { refidWord } from "../../wire/refid.ts";

/** What a server is like. */
export interface Character {
  /** What it is called in the report. */
  readonly name: string;
  /** How far its clock is ahead of the local one. */
  readonly ahead: Seconds;
  /** 1 … 15; `null`: not synchronized. */
  readonly stratum: number | null;
  /** As ntpq shows it. */
  readonly refid: string;
}

/** A server that runs. */
export interface DemoServer {
  readonly character: Character;
  /** The port it listens on. */
  readonly port: number;
  close(): void;
}

/** Where the servers listen. */
export const DEMO_ADDRESS = "127.0.0.1";

/** Starts a server on a free port of loopback. */
export function startServer(character: Character, read: ClockReader): Promise<DemoServer> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => {
    const request = decodePacket(bytes);
    if (request.kind !== "packet" || request.header.mode !== "client") return;
    const receive = shift(read(), character.ahead);
    socket.send(
      encodeHeader(answer(request.header, character, receive, () => shift(read(), character.ahead))),
      port,
      address,
    );
  });
  return new Promise((started, failed) => {
    // Before it runs it cannot be had; after, it is a server that falls silent.
    socket.on("error", (error: NodeJS.ErrnoException) => failed(refused(error)));
    socket.bind(0, DEMO_ADDRESS, () => {
      try {
        started(running(socket, character));
      } catch (error) {
        failed(refused(error as NodeJS.ErrnoException));
      }
    });
  });
}

function refused({ code, message }: NodeJS.ErrnoException): CommandFailure {
  return new CommandFailure({
    code: "permission",
    message: `no server could be started on ${DEMO_ADDRESS}: ${code ?? message}`,
    hint: "the demonstration needs UDP sockets on loopback, which this system or its sandbox refuses",
  });
}

function running(socket: Socket, character: Character): DemoServer {
  return { character, port: socket.address().port, close: () => socket.close() };
}

/** How long ago every server set its clock. */
const LAST_SET: Seconds = -10;

function answer(
  request: Header,
  { stratum, refid }: Character,
  receive: Header["receive"],
  now: () => Header["transmit"],
): Header {
  return {
    leap: stratum === null ? "unsynchronized" : "none",
    version: request.version,
    mode: "server",
    stratum: stratum ?? 0,
    poll: request.poll,
    precision: -23,
    rootDelay: stratum === 1 ? 0 : 0.002,
    rootDispersion: 0.001,
    referenceId: refidWord(refid) ?? 0,
    reference: stratum === null ? UNKNOWN_TIME : shift(receive, LAST_SET),
    origin: request.transmit,
    receive,
    transmit: now(),
  };
}
