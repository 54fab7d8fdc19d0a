/**
 * Sends a server what no client should, so many packets of each kind (see `KINDS`), their contents by a seed, and prints what came back
 * as JSON: how many packets, and the octets of the longest. Arguments: address, how many of each kind, seed.
 */
import { createSocket } from "node:dgram";

/**
 * Packets that leave at a time. Behind them goes a plain request, and no more before its answer is here: what a server on a busy
 * machine has not read yet would else overflow, and what it makes of that could not be counted.
 */
const BURST = 20;
/** Whoever has not answered the first request answers none, and is not waited for; an answer may be lost, too. Milliseconds. */
const FIRST = 500;
const LATEST = 2000;
/** How long after the last packet an answer may come, milliseconds. */
const PATIENCE = 500;

const [address = "127.0.0.1", count = "1", seed = "1"] = process.argv.slice(2);
const random = octets(Number(seed));

/** By the name of what a server makes of them. */
const KINDS: Readonly<Record<string, () => Buffer>> = {
  tooShort: () => first(random(1 + 47 * fraction()), 0x23),
  tooLong: () => first(random(4097 + 100 * fraction()), 0x23),
  version: () => first(random(48), oneOf([0x03, 0x2b, 0x33, 0x3b])),
  mode: () => first(random(48), 0x20),
  control: () => first(random(12 + 200 * fraction()), 0x16),
  private: () => first(random(8 + 200 * fraction()), 0x17),
  notRequest: () => oneOf([() => first(random(48), 0x22), () => first(random(48), 0x24), broadcast])(),
  // A key that nobody knows, and 20 octets for its MAC.
  refusedKey: () => Buffer.concat([first(random(48), 0x23), Buffer.from([0, 0, 0x7a, 0x69]), random(20)]),
  macLength: () => first(random(48 + 7), 0x23),
  // A field that says it is longer than what is left.
  extensionLength: () => Buffer.concat([first(random(48), 0x23), Buffer.from([1, 4, 1, 0]), random(48)]),
};

const packets = Object.values(KINDS).flatMap((make) => Array.from({ length: Number(count) }, make));
const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
const back = { answers: 0, longest: 0 };
/** Whether plain requests are answered, and what goes on when one is. */
let answers: boolean | null = null;
let goOn = (): void => {};
socket.on("message", (answer) => {
  if (isPlainAnswer(answer)) {
    answers = true;
    return goOn();
  }
  back.answers += 1;
  back.longest = Math.max(back.longest, answer.length);
});
send();

function send(): void {
  const burst = packets.splice(0, BURST);
  if (burst.length === 0) return void setTimeout(end, PATIENCE);
  for (const packet of burst) socket.send(packet, 123, address);
  if (answers === false) return void setTimeout(send, 1);
  socket.send(first(Buffer.alloc(48, 1), 0x23), 123, address);
  const late = setTimeout(() => goOn(), answers === null ? FIRST : LATEST);
  goOn = () => {
    goOn = () => {};
    clearTimeout(late);
    answers ??= false;
    send();
  };
}

function isPlainAnswer(packet: Buffer): boolean {
  return packet.length === 48 && (packet[0]! & 7) === 4;
}

function end(): void {
  console.log(JSON.stringify(back));
  socket.close();
}

function first(packet: Buffer, octet: number): Buffer {
  packet.writeUInt8(octet, 0);
  return packet;
}

function oneOf<Value>(values: readonly [Value, ...Value[]]): Value {
  return values[Math.floor(values.length * fraction())] ?? values[0];
}

/** A broadcast as it should be, of stratum 2 and of this moment, but for where it is sent to. */
function broadcast(): Buffer {
  const packet = Buffer.alloc(48);
  packet.writeUInt32BE(0x250206ec, 0);
  packet.writeUInt32BE(0x0a4d00fa, 12);
  for (const octet of [16, 40]) packet.writeUInt32BE(Math.floor(Date.now() / 1000) + 2_208_988_800, octet);
  return packet;
}

/** From 0 up to, but not including, 1. */
function fraction(): number {
  return random(4).readUInt32BE(0) / 2 ** 32;
}

/** A source of octets that a seed determines (xorshift). */
function octets(from: number): (length: number) => Buffer {
  let state = from | 1;
  return (length) => {
    const made = Buffer.alloc(Math.floor(length));
    for (let place = 0; place < made.length; place += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      made[place] = state >>> 11;
    }
    return made;
  };
}
