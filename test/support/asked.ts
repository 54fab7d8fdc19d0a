/** Daemons on loopback that answer as recorded ones did, for commands that ask daemons. */
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Daemon } from "../control/replay.ts";

const open: Socket[] = [];
const streams: { close(): void }[] = [];

/** Starts one on a free port. */
export async function listening(daemon: Daemon, ip = "127.0.0.1"): Promise<string> {
  const socket = createSocket(ip.includes(":") ? "udp6" : "udp4");
  socket.on("message", (bytes, { address, port }) => {
    for (const answer of daemon(bytes)) socket.send(answer, port, address);
  });
  await new Promise<void>((done) => void socket.bind(0, ip, done));
  open.push(socket);
  const { port } = socket.address();
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Ends all of them. */
export function silence(): void {
  for (const socket of [...open.splice(0), ...streams.splice(0)]) socket.close();
}

/** A daemon that hears other protocols as silence: the recorded one knows mode 6 only. */
export function mode6Only(daemon: Daemon): Daemon {
  return (bytes) => ((bytes[0]! & 7) === 6 && bytes.length >= 12 && bytes[0]! >> 3 !== 0 ? daemon(bytes) : []);
}

/** A server that answers NTP and nothing else. */
export function ntpOnly({
  stratum,
  refid,
  ahead = 0,
}: {
  readonly stratum: number;
  readonly refid: number;
  readonly ahead?: number;
}): Daemon {
  return (bytes) => {
    if ((bytes[0]! & 7) !== 3 || bytes.length !== 48) return [];
    const answer = new Uint8Array(48);
    const view = new DataView(answer.buffer);
    answer.set([0x24, stratum, 6, 0xe8]);
    view.setUint32(12, refid);
    answer.set(bytes.subarray(40, 48), 24);
    const now = (BigInt(Date.now() + ahead * 1000 + 2_208_988_800_000) * 4_294_967_296n) / 1000n;
    for (const at of [16, 32, 40]) view.setBigUint64(at, now);
    return [answer];
  };
}

/** What a chronyd 4.3 answered over UDP, in the order of our questions. */
const CHRONYD = (
  JSON.parse(readFileSync(fileURLToPath(new URL("../fixtures/cmdmon/chronyd-4.3.json", import.meta.url)), "utf8")) as {
    udp: string[];
  }
).udp;

/** That chronyd. It counts from the first sequence number it is shown. */
export function recordedChronyd(): Daemon {
  let first: number | null = null;
  return (bytes) => {
    if (bytes[0] !== 6 || bytes[1] !== 1) return [];
    const sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
    first ??= sequence;
    const recorded = CHRONYD[(sequence - first) >>> 0];
    if (recorded === undefined) return [];
    const answer = Uint8Array.from(Buffer.from(recorded, "base64"));
    new DataView(answer.buffer).setUint32(16, sequence);
    return [answer];
  };
}

/** Starts a Unix stream socket that says this to whoever connects, as ntpd-rs does; a connection stays open where `ends` is false. */
export async function observed(
  chunks: readonly Uint8Array[],
  { ends = true }: { readonly ends?: boolean } = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "ntpkit-observe-"));
  const server = createServer((socket) => {
    socket.on("error", () => {});
    for (const chunk of chunks) socket.write(chunk);
    if (ends) socket.end();
  });
  const path = join(folder, "observe");
  await new Promise<void>((done) => void server.listen(path, done));
  streams.push({
    close: () => {
      server.close();
      rmSync(folder, { recursive: true });
    },
  });
  return path;
}

/** A message of ntpd-rs's: its length before it. */
export function observation(text: string): Uint8Array {
  const octets = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + octets.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(octets.length));
  bytes.set(octets, 8);
  return bytes;
}

/** What ntpd-rs would say, by the fixture of that version. */
export function observedText(version: "1.3" | "1.9"): string {
  return readFileSync(fileURLToPath(new URL(`../fixtures/observe/ntpd-rs-${version}.json`, import.meta.url)), "utf8");
}
