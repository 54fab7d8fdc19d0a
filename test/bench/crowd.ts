/**
 * A crowd of servers in one program: a question to the group is answered from so many addresses as fast as they can be sent,
 * and every address answers what it is asked itself. Arguments: group, port, how many. The addresses are {@link crowdAddress}'s
 * and have to be this host's. On SIGTERM it prints, as JSON, how many answers each solicitation had and within how long.
 */
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { clockReader } from "../../src/host/clock.ts";
import { encodeHeader, HEADER_LENGTH } from "../../src/wire/header.ts";
import { shift, UNKNOWN_TIME } from "../../src/time/timestamp.ts";

/** What became of one solicitation. */
export interface Salvo {
  readonly answers: number;
  /** From before the first was sent until after the last was, ms. */
  readonly within: number;
}

const read = clockReader();

/** The address of member 0, 1, 2 … of the crowd; all are in 10.78.0.0/16. */
export function crowdAddress(member: number): string {
  return `10.78.${1 + Math.floor(member / 250)}.${1 + (member % 250)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await serve(process.argv[2] ?? "239.1.1.1", Number(process.argv[3] ?? 123), Number(process.argv[4] ?? 1000));

async function serve(group: string, port: number, count: number): Promise<void> {
  const members: Socket[] = [];
  for (let member = 0; member < count; member += 1) {
    const socket = await open(crowdAddress(member), port);
    const answer = blank(member);
    socket.on("message", (question, from) => {
      socket.send(filled(answer, question), from.port, from.address);
    });
    members.push(socket);
  }
  const blanks = members.map((_, member) => blank(member));
  const salvos: Salvo[] = [];
  const ear = await open(group, port);
  ear.addMembership(group);
  const volley = (question: Uint8Array, to: number, address: string): Salvo => {
    const began = performance.now();
    const common = filled(blanks[0]!, question);
    for (const [member, socket] of members.entries()) {
      const answer = blanks[member]!;
      // Origin, receive and transmit are the same for all; what differs was written beforehand.
      answer.set(common.subarray(24), 24);
      socket.send(answer, to, address);
    }
    return { answers: members.length, within: performance.now() - began };
  };
  // What has run before runs faster: the discard port of this very host takes no harm.
  for (let round = 0; round < 20; round += 1) {
    volley(new Uint8Array(HEADER_LENGTH), 9, crowdAddress(0));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  ear.on("message", (question, from) => salvos.push(volley(question, from.port, from.address)));
  process.once("SIGTERM", () => {
    console.log(JSON.stringify(salvos));
    process.exit(0);
  });
}

async function open(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.bind(port, address);
  await once(socket, "listening");
  // Nobody listens where the rehearsal goes.
  socket.on("error", () => undefined);
  return socket;
}

/** A good server's answer, but for what the question decides. */
function blank(member: number): Uint8Array {
  const reference = shift(read(), -30 - member / 1000);
  return encodeHeader({
    leap: "none",
    version: 4,
    mode: "server",
    stratum: 2,
    poll: 6,
    precision: -24,
    rootDelay: 0.01,
    rootDispersion: 0.002,
    referenceId: 0xc000_0201 + member,
    reference,
    origin: UNKNOWN_TIME,
    receive: UNKNOWN_TIME,
    transmit: UNKNOWN_TIME,
  });
}

/** Writes the question's cookie and the time into an answer. */
function filled(answer: Uint8Array, question: Uint8Array): Uint8Array {
  answer.set(question.subarray(40, 48), 24);
  const fields = new DataView(answer.buffer, answer.byteOffset);
  const now = read();
  fields.setBigUint64(32, now);
  fields.setBigUint64(40, now);
  return answer;
}
