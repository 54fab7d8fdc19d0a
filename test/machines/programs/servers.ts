/**
 * The servers of the campaign: one process, one port a behaviour, on 127.0.0.1 and ::1 alike. Prints the ports as a JSON
 * object when all listen; ends when its standard input does. Shares no code with `src`.
 *
 * Beside them name servers on port 53: 127.0.0.2 answers, 127.0.0.3 says nothing, 127.0.0.4 lies, 127.0.0.5 fails.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { createServer, type Socket as Connection } from "node:net";

const UNIX_EPOCH = 2_208_988_800;
const LATE_MS = 1500;
const HOUR = 3600;

type Answer = (request: Buffer, from: RemoteInfo, send: (reply: Buffer) => void) => void;

/** What each server does with a packet. */
const SERVERS: Readonly<Record<string, Answer>> = {
  good: (request, _from, send) => asClient(request, () => send(reply(request, {}))),
  slow: (request, _from, send) =>
    asClient(request, () => {
      const receivedAt = Date.now() / 1000;
      setTimeout(() => send(reply(request, { receivedAt })), LATE_MS);
    }),
  silent: () => {},
  kissing: (request, _from, send) => asClient(request, () => send(kiss(request, "DENY"))),
  rating: (request, _from, send) => asClient(request, () => send(kiss(request, "RATE"))),
  lying: (request, _from, send) => asClient(request, () => send(reply(request, { offset: HOUR }))),
  stale: (request, _from, send) =>
    asClient(request, () => send(reply(request, { leap: 3, stratum: 0, refid: "INIT" }))),
  hostile: (request, _from, send) => {
    for (const packet of hostility(request)) send(packet);
  },
};

/** What those do with a connection who have the port open: nobody's TLS. */
const CONNECTIONS: Readonly<Record<string, (connection: Connection) => void>> = {
  silent: () => {},
  hostile: (connection) => connection.write(hostileOctets()),
  lying: (connection) => connection.destroy(),
};

function asClient(request: Buffer, then: () => void): void {
  if (request.length >= 48 && (request.readUInt8(0) & 7) === 3) then();
}

interface Said {
  readonly receivedAt?: number;
  readonly offset?: number;
  readonly leap?: number;
  readonly stratum?: number;
  readonly refid?: string;
}

function reply(request: Buffer, { receivedAt = Date.now() / 1000, ...said }: Said): Buffer {
  const packet = Buffer.alloc(48);
  const offset = said.offset ?? 0;
  packet.writeUInt8(((said.leap ?? 0) << 6) | (request.readUInt8(0) & 0x38) | 4, 0);
  packet.writeUInt8(said.stratum ?? 1, 1);
  packet.writeInt8(request.readInt8(2), 2);
  packet.writeInt8(-20, 3);
  packet.write(said.refid ?? "GPS", 12, 4, "latin1");
  writeTime(packet, 16, receivedAt + offset - 1);
  request.copy(packet, 24, 40, 48);
  writeTime(packet, 32, receivedAt + offset);
  writeTime(packet, 40, Date.now() / 1000 + offset);
  return packet;
}

function kiss(request: Buffer, code: string): Buffer {
  const packet = Buffer.alloc(48);
  packet.writeUInt8(0xc0 | (request.readUInt8(0) & 0x38) | 4, 0);
  packet.writeInt8(request.readInt8(2), 2);
  packet.write(code, 12, 4, "latin1");
  for (const octet of [24, 32, 40]) request.copy(packet, octet, 40, 48);
  return packet;
}

function writeTime(packet: Buffer, octet: number, seconds: number): void {
  const whole = Math.floor(seconds);
  packet.writeUInt32BE((whole + UNIX_EPOCH) >>> 0, octet);
  packet.writeUInt32BE(Math.floor((seconds - whole) * 2 ** 32), octet + 4);
}

/** Numbers by a seed (mulberry32), so that what a hostile server sends is the same in every campaign. */
let state = Number(process.argv[2] ?? 1);
function draw(below: number): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

/** Steers a terminal, breaks a line, and is no UTF-8. */
const EVIL = "\u001b]0;owned\u0007\u001b[2J\r\nntpkit: ok\u009b31m\u0000\u00ff";

/** What somebody answers who means no good: to a client what is no time, to a question what is no answer. */
function hostility(request: Buffer): readonly Buffer[] {
  const mode = request.length > 0 ? request.readUInt8(0) & 7 : 0;
  if (mode === 6 && request.length >= 12) return controlHostility(request);
  if (request.length < 48) return [Buffer.from(EVIL, "latin1")];
  const honest = reply(request, {});
  const changed = (change: (packet: Buffer) => void): Buffer => {
    const packet = Buffer.from(honest);
    change(packet);
    return packet;
  };
  const tricks: readonly (() => readonly Buffer[])[] = [
    () => [Buffer.alloc(0), honest.subarray(0, 47)],
    () => [Buffer.from(Array.from({ length: 48 + draw(1000) }, () => draw(256)))],
    () => [changed((packet) => packet.fill(0xff, 4, 12))],
    () => [changed((packet) => packet.writeInt8(127, 3))],
    () => [changed((packet) => packet.writeUInt8(255, 1))],
    () => [changed((packet) => packet.write("\u001b[2J", 12, 4, "latin1"))],
    () => [changed((packet) => packet.fill(0, 32, 48))],
    () => [changed((packet) => packet.fill(0xff, 32, 48))],
    () => [kiss(request, "\u001b[A\u0007")],
    () => [kiss(request, "XYZ\u0000")],
    () => [Buffer.concat([honest, Buffer.alloc(1 + draw(64), 0)])],
    () => [Buffer.concat([honest, Buffer.from([0x02, 0x04, 0xff, 0xff]), Buffer.alloc(60_000, 0x41)])],
    () => [Buffer.concat([honest, Buffer.from([0, 0, 0, 0])])],
    () => Array.from({ length: 200 }, () => changed((packet) => packet.writeUInt32BE(draw(2 ** 32), 24))),
    () => [Buffer.from(request)],
  ];
  return tricks[draw(tricks.length)]!();
}

/** A record of TLS that says it is longer than any, an alert, a text, or anything. */
function hostileOctets(): Buffer {
  const tricks: readonly (() => Buffer)[] = [
    () => Buffer.from([0x16, 3, 3, 0xff, 0xff, ...Array(2000).fill(0x41)]),
    () => Buffer.from([0x15, 3, 3, 0, 2, 2, 40]),
    () => Buffer.from(`HTTP/1.1 400 ${EVIL}\r\n\r\n`, "latin1"),
    () => Buffer.from(Array.from({ length: 1 + draw(3000) }, () => draw(256))),
  ];
  return tricks[draw(tricks.length)]!();
}

function controlHostility(request: Buffer): readonly Buffer[] {
  const answer = (text: Buffer, offset = 0, count = text.length, more = 0): Buffer => {
    const packet = Buffer.alloc(12 + text.length);
    request.copy(packet, 0, 0, 12);
    packet.writeUInt8(0x80 | more | (request.readUInt8(1) & 0x1f), 1);
    packet.writeUInt16BE(offset, 8);
    packet.writeUInt16BE(count, 10);
    text.copy(packet, 12);
    return packet;
  };
  const evil = Buffer.from(
    `system="${EVIL}", refid=${EVIL}, stratum=999999999999, offset=NaN, rootdelay=1e999, `,
    "latin1",
  );
  const tricks: readonly (() => readonly Buffer[])[] = [
    () => [answer(evil)],
    () => [answer(evil, 0, 65_535)],
    () => [answer(evil, 65_000, evil.length, 0x20)],
    () => [answer(Buffer.alloc(0)), answer(Buffer.alloc(0))],
    () => [answer(Buffer.from(Array.from({ length: 4 * (1 + draw(100)) }, () => draw(256))))],
    () => Array.from({ length: 300 }, (_, part) => answer(evil, (part * 400) % 65_536, evil.length, 0x20)),
    () => [request.subarray(0, 11), Buffer.from(request)],
    () => {
      const refused = answer(Buffer.alloc(0));
      refused.writeUInt8(refused.readUInt8(1) | 0x40, 1);
      refused.writeUInt16BE(draw(65_536), 4);
      return [refused];
    },
  ];
  return tricks[draw(tricks.length)]!();
}

/** What each name server makes of a question. */
const NAME_SERVERS: Readonly<Record<string, (query: Buffer) => readonly Buffer[]>> = {
  "127.0.0.2": (query) => [named(query)],
  "127.0.0.3": () => [],
  "127.0.0.4": (query) => lies(query),
  "127.0.0.5": (query) => [header(query, 2, 0)],
};

/** ntp.test is this host; there is no other name. */
function named(query: Buffer): Buffer {
  const { name, type } = question(query);
  if (name !== "ntp.test") return header(query, 3, 0);
  if (type === 1) return Buffer.concat([header(query, 0, 1), record(1, Buffer.from([127, 0, 0, 1]))]);
  if (type === 28) return Buffer.concat([header(query, 0, 1), record(28, Buffer.from([...Array(15).fill(0), 1]))]);
  return header(query, 0, 0);
}

/** Addresses that are no server's, a name that is its own alias, and what is no answer at all. */
function lies(query: Buffer): readonly Buffer[] {
  const { type } = question(query);
  const address = (octets: readonly number[]): Buffer =>
    Buffer.concat([header(query, 0, 1), record(1, Buffer.from(octets))]);
  const tricks: readonly (() => readonly Buffer[])[] = [
    () => [address([0, 0, 0, 0])],
    () => [address([255, 255, 255, 255])],
    () => [address([224, 0, 1, 1])],
    () => [Buffer.concat([header(query, 0, 1), record(5, Buffer.from([0xc0, 0x0c]))])],
    () => [Buffer.from(EVIL, "latin1"), header(query, 0, 9)],
    () => [header(query, 0, 0)],
  ];
  return type === 1 ? tricks[draw(tricks.length)]!() : [header(query, 0, 0)];
}

function question(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  while (at < query.length && query[at] !== 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + query[at]!));
    at += 1 + query[at]!;
  }
  return {
    name: labels.join(".").toLowerCase(),
    type: query.length >= at + 3 ? query.readUInt16BE(at + 1) : 0,
    end: at + 5,
  };
}

/** Header and question of an answer. */
function header(query: Buffer, code: number, answers: number): Buffer {
  const head = Buffer.from(query.subarray(0, question(query).end));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(answers, 6);
  head.writeUInt32BE(0, 8);
  return head;
}

function record(type: number, data: Buffer): Buffer {
  const fixed = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 1, 0, data.length]);
  return Buffer.concat([fixed, data]);
}

function bound(address: string, port: number): Promise<Socket> {
  const socket = address.includes(":") ? createSocket({ type: "udp6", ipv6Only: true }) : createSocket("udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, () => resolve(socket));
  });
}

function listening(address: string, port: number, connected: (connection: Connection) => void): Promise<void> {
  const server = createServer((connection) => {
    connection.on("error", () => {});
    connected(connection);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => resolve());
  });
}

const ports: Record<string, number> = {};
let port = 20_000;
for (const [name, answer] of Object.entries(SERVERS)) {
  ports[name] = ++port;
  for (const address of ["127.0.0.1", "::1"]) {
    const socket = await bound(address, port);
    const connected = CONNECTIONS[name];
    if (connected !== undefined) await listening(address, port, connected);
    socket.on("message", (request, from) =>
      answer(request, from, (packet) => socket.send(packet, from.port, from.address, () => {})),
    );
  }
}
for (const [address, answer] of Object.entries(NAME_SERVERS)) {
  const socket = await bound(address, 53);
  socket.on("message", (query, from) => {
    if (query.length > 12) for (const packet of answer(query)) socket.send(packet, from.port, from.address, () => {});
  });
}
// Nobody listens there.
ports["closed"] = ++port;
console.log(JSON.stringify(ports));
process.stdin.on("end", () => process.exit()).resume();
