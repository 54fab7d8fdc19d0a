/**
 * A bad path to a server under NTS: its key establishment is passed on at ports of this host, each of which breaks it in a way of its own,
 * and its time at UDP port 123, which breaks that. One argument: the path as JSON (see `NtsPath`). Prints "ready" when it listens, and one
 * line for each request for the time: how many octets it has, and whether it is under NTS or plain.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, createServer, type Socket } from "node:net";

/** What becomes of the server's side of a TLS connection, at one of its records. */
export interface BrokenRecord {
  /** Counted from 1. */
  readonly record: number;
  /** Closed before it, changed by a bit, or held for six seconds. */
  readonly how: "cut" | "corrupt" | "delay";
}

/** The path between whoever asks this host and a server. */
export interface NtsPath {
  /** The server's address. */
  readonly to: string;
  /** By the TCP port of this host; `null`: nothing. */
  readonly ports?: Readonly<Record<string, BrokenRecord | null>>;
  /** Requests of more octets are lost; none passes where it is 0. */
  readonly longest?: number;
  /** What becomes of answers: a bit of the last octets is changed, or each is the first once more. */
  readonly answers?: "flipped" | "replayed";
  /** Share of the packets that is lost, each way. */
  readonly loss?: number;
}

const KE_PORT = 4460;
const HEADER = 5;
const path = JSON.parse(process.argv[2] ?? "{}") as NtsPath;
const { to, ports = {}, longest = Number.POSITIVE_INFINITY, answers, loss = 0 } = path;

for (const [port, broken] of Object.entries(ports))
  createServer((client) => passOn(client, broken)).listen({ port: Number(port), host: "0.0.0.0" });

const listening = createSocket("udp4");
const upstream = new Map<string, UdpSocket>();
let first: Buffer | null = null;
let drawn = 1;
listening.on("message", (packet, from) => {
  // A unique identifier comes first (RFC 8915 §5.7).
  console.log(`asked ${packet.length} ${packet.length > 48 && packet.readUInt16BE(48) === 0x0104 ? "nts" : "plain"}`);
  if (packet.length > longest || isLost()) return;
  const name = `${from.address} ${from.port}`;
  let socket = upstream.get(name);
  if (socket === undefined) {
    socket = createSocket("udp4");
    socket.on("message", (answer) => {
      if (!isLost()) listening.send(changed(answer), from.port, from.address);
    });
    socket.on("error", () => undefined);
    upstream.set(name, socket);
  }
  socket.send(packet, 123, to);
});
listening.bind(123, () => console.log("ready"));

function changed(answer: Buffer): Buffer {
  first ??= answer;
  if (answers === "replayed") return first;
  if (answers === "flipped") answer[answer.length - 1]! ^= 1;
  return answer;
}

/** The same packets in each run. */
function isLost(): boolean {
  drawn = (Math.imul(drawn, 1_103_515_245) + 12_345) & 0x7fffffff;
  return drawn / 0x7fffffff < loss;
}

/** One connection, record by record on the server's side. */
function passOn(client: Socket, broken: BrokenRecord | null): void {
  const server = connect(KE_PORT, to);
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.end());
  }
  client.on("data", (octets) => server.write(octets));
  let received = Buffer.alloc(0);
  let count = 0;
  server.on("data", (octets) => {
    received = Buffer.concat([received, octets]);
    while (received.length >= HEADER && received.length >= HEADER + received.readUInt16BE(3)) {
      const record = Buffer.from(received.subarray(0, HEADER + received.readUInt16BE(3)));
      received = received.subarray(record.length);
      count += 1;
      if (count !== broken?.record) client.write(record);
      else if (broken.how === "cut") return void client.destroy();
      else if (broken.how === "delay") return void setTimeout(() => client.destroy(), 6000);
      else {
        record[record.length - 1]! ^= 1;
        client.write(record);
      }
    }
  });
}
