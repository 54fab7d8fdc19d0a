/**
 * An NTP server by hand, for what no daemon can be made to send. One argument: the behaviour as JSON (see `Behaviour`).
 * Prints "ready" when it listens, and one line for each request it got.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";

/** What the server sends; left out means a sane server of stratum 1 with the right time. */
export interface Behaviour {
  /** Addresses to listen on; default 0.0.0.0 and ::. */
  readonly addresses?: readonly string[];
  /** The port of each; default 123. */
  readonly port?: number;
  readonly leap?: 0 | 1 | 2 | 3;
  readonly stratum?: number;
  /** The stratum's octet as it is to be sent; 16 goes out as 0 otherwise, as ntpd sends it. */
  readonly rawStratum?: number;
  /** Four characters, or fewer. */
  readonly refid?: string;
  /** Seconds added to the time it serves. */
  readonly offset?: number;
  readonly rootDelay?: number;
  readonly rootDispersion?: number;
  /** Kiss code to send, from the reply with this number on (default 1). */
  readonly kiss?: string;
  readonly kissFrom?: number;
  /** Poll exponent of the kiss (default: the request's). */
  readonly kissPoll?: number;
  /** Sends, before each good reply, a kiss that answers some other packet. */
  readonly forgedKissFirst?: boolean;
  /** Answers to something that was not asked. */
  readonly wrongOrigin?: boolean;
  /** Sends every reply twice. */
  readonly twice?: boolean;
  /** Before each reply, so many that answer some other packet. */
  readonly flood?: number;
  /** Answers searches in these groups, too. */
  readonly groups?: readonly string[];
  /** Signs replies with this key number and octets that no key makes. */
  readonly forgedMac?: number;
  /** Cuts each reply to this many octets, or pads it with zeros. */
  readonly length?: number;
  /** Answers from another port. */
  readonly otherPort?: boolean;
  /** Says nothing. */
  readonly silent?: boolean;
}

const UNIX_EPOCH = 2_208_988_800;

const behaviour = JSON.parse(process.argv[2] ?? "{}") as Behaviour;
const port = behaviour.port ?? 123;
const addresses = behaviour.addresses ?? ["0.0.0.0", "::"];
const sockets = addresses.map((address) => open(address));
let requests = 0;
let listening = 0;

for (const [index, socket] of sockets.entries()) {
  const address = addresses[index] ?? "0.0.0.0";
  const elsewhere = createSocket(family(address));
  socket.on("message", (request, from) => {
    const replies = answer(request, from);
    for (const reply of replies) (behaviour.otherPort ? elsewhere : socket).send(reply, from.port, from.address);
  });
  socket.bind(port, address, () => {
    if (!address.includes(":")) for (const group of behaviour.groups ?? []) socket.addMembership(group);
    if (++listening === sockets.length) console.log("ready");
  });
}

function answer(request: Buffer, from: RemoteInfo): readonly Buffer[] {
  const receivedAt = Date.now() / 1000;
  if (request.length < 48 || (request.readUInt8(0) & 7) !== 3) return [];
  requests += 1;
  console.log(`request ${requests} from ${from.address} ${from.port} ${request.toString("hex")}`);
  if (behaviour.silent) return [];
  if (behaviour.forgedKissFirst) return [kiss(Buffer.alloc(48, 0x77)), reply(request, receivedAt)];
  const kissed = behaviour.kiss !== undefined && requests >= (behaviour.kissFrom ?? 1);
  const whole = kissed ? kiss(request) : reply(request, receivedAt);
  const signed = behaviour.forgedMac === undefined ? whole : Buffer.concat([whole, forgedMac(behaviour.forgedMac)]);
  const sent = behaviour.length === undefined ? signed : resized(signed, behaviour.length);
  const others = Array.from({ length: behaviour.flood ?? 0 }, (_, number) => answering(sent, number));
  return behaviour.twice ? [sent, sent] : [...others, sent];
}

function reply(request: Buffer, receivedAt: number): Buffer {
  const packet = Buffer.alloc(48);
  const offset = behaviour.offset ?? 0;
  const stratum = behaviour.stratum ?? 1;
  packet.writeUInt8(((behaviour.leap ?? 0) << 6) | (request.readUInt8(0) & 0x38) | 4, 0);
  packet.writeUInt8(behaviour.rawStratum ?? (stratum === 16 ? 0 : stratum), 1);
  packet.writeInt8(request.readInt8(2), 2);
  packet.writeInt8(-20, 3);
  packet.writeUInt32BE(Math.round((behaviour.rootDelay ?? 0) * 65536), 4);
  packet.writeUInt32BE(Math.round((behaviour.rootDispersion ?? 0) * 65536), 8);
  packet.write(behaviour.refid ?? "ODD", 12, 4, "latin1");
  writeTime(packet, 16, receivedAt + offset - 1);
  request.copy(packet, 24, 40, 48);
  if (behaviour.wrongOrigin) packet.writeUInt8(packet.readUInt8(31) ^ 1, 31);
  writeTime(packet, 32, receivedAt + offset);
  writeTime(packet, 40, Date.now() / 1000 + offset);
  return packet;
}

/** As ntpd 4.2.8 writes it: all three timestamps are the request's transmit timestamp. */
function kiss(request: Buffer): Buffer {
  const packet = Buffer.alloc(48);
  packet.writeUInt8(0xc0 | (request.readUInt8(0) & 0x38) | 4, 0);
  packet.writeInt8(behaviour.kissPoll ?? request.readInt8(2), 2);
  packet.write(behaviour.kiss ?? "", 12, 4, "latin1");
  for (const octet of [24, 32, 40]) request.copy(packet, octet, 40, 48);
  return packet;
}

/** Key number and digest, of which the last is that of SHA-1 by its length only. */
function forgedMac(key: number): Buffer {
  const mac = Buffer.alloc(24, 0x5a);
  mac.writeUInt32BE(key, 0);
  return mac;
}

/** The same, but an answer to another packet. */
function answering(reply: Buffer, number: number): Buffer {
  const other = Buffer.from(reply);
  other.writeUInt32BE(number, 24);
  return other;
}

function resized(packet: Buffer, length: number): Buffer {
  return Buffer.concat([packet, Buffer.alloc(Math.max(0, length - packet.length))]).subarray(0, length);
}

function writeTime(packet: Buffer, octet: number, seconds: number): void {
  const whole = Math.floor(seconds);
  packet.writeUInt32BE(whole + UNIX_EPOCH, octet);
  packet.writeUInt32BE(Math.floor((seconds - whole) * 2 ** 32), octet + 4);
}

/** IPv6 apart from IPv4, so that both may have the port. */
function open(address: string): Socket {
  return address.includes(":") ? createSocket({ type: "udp6", ipv6Only: true }) : createSocket("udp4");
}

function family(address: string): "udp4" | "udp6" {
  return address.includes(":") ? "udp6" : "udp4";
}
