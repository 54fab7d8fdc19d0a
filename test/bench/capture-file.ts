/** Captures for figures: clients that ask servers, each answered 20 ms later; the same file each time. */
import { closeSync, openSync, writeSync } from "node:fs";

/** Octets of a packet in the file: record header, Ethernet, IPv4, UDP, NTP. */
const RECORD = 16 + 14 + 20 + 8 + 48;
/** 2026-01-01T00:00:00Z, and how far that is from 1900. */
const BEGIN = 1_767_225_600;
const SINCE_1900 = 2_208_988_800;
/** Packets written at a time. */
const PAGE = 8192;

/** What a capture has. */
export interface CaptureSize {
  readonly packets: number;
  readonly clients: number;
}

/** Writes a pcap file of requests and replies by turns; a thousand requests a second. */
export function writeCapture(file: string, { packets, clients }: CaptureSize): void {
  const descriptor = openSync(file, "w");
  writeSync(descriptor, fileHeader());
  const page = Buffer.alloc(PAGE * RECORD);
  for (let packet = 0; packet < packets; packet += PAGE) {
    const count = Math.min(PAGE, packets - packet);
    for (let index = 0; index < count; index += 1) writePacket(page, index * RECORD, packet + index, clients);
    writeSync(descriptor, page, 0, count * RECORD);
  }
  closeSync(descriptor);
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

/** An even one asks, the odd one behind it answers. */
function writePacket(page: Buffer, at: number, packet: number, clients: number): void {
  const isReply = packet % 2 === 1;
  const exchange = packet >> 1;
  const client = 0x0a00_0000 + (exchange % clients);
  const server = 0xc000_0201 + (exchange % 5);
  const asked = BEGIN + exchange / 1000;
  const seen = asked + (isReply ? 0.00045 : 0);
  page.writeUInt32LE(Math.floor(seen), at);
  page.writeUInt32LE(Math.floor((seen % 1) * 1e6), at + 4);
  page.writeUInt32LE(RECORD - 16, at + 8);
  page.writeUInt32LE(RECORD - 16, at + 12);
  const ethernet = at + 16;
  page.writeUInt16BE(0x0800, ethernet + 12);
  const ip = ethernet + 14;
  page.writeUInt16BE(0x4500, ip);
  page.writeUInt16BE(RECORD - 30, ip + 2);
  page.writeUInt16BE(0x4011, ip + 8);
  page.writeUInt32BE(isReply ? server : client, ip + 12);
  page.writeUInt32BE(isReply ? client : server, ip + 16);
  const udp = ip + 20;
  const port = 1024 + (exchange % 60_000);
  page.writeUInt16BE(isReply ? 123 : port, udp);
  page.writeUInt16BE(isReply ? port : 123, udp + 2);
  page.writeUInt16BE(8 + 48, udp + 4);
  writeNtp(page, udp + 8, isReply, asked);
}

function writeNtp(page: Buffer, at: number, isReply: boolean, asked: number): void {
  page.writeUInt32BE(isReply ? 0x240206e9 : 0x230006e9, at);
  page.writeUInt32BE(isReply ? 0x0000_0120 : 0, at + 4);
  page.writeUInt32BE(isReply ? 0x0000_0350 : 0, at + 8);
  page.writeUInt32BE(isReply ? 0xc633_6407 : 0, at + 12);
  writeTime(page, at + 16, isReply ? Math.floor(asked / 64) * 64 : 0);
  writeTime(page, at + 24, isReply ? asked : 0);
  writeTime(page, at + 32, isReply ? asked + 0.0002 : 0);
  writeTime(page, at + 40, isReply ? asked + 0.00021 : asked);
}

function writeTime(page: Buffer, at: number, unix: number): void {
  page.writeUInt32BE(unix === 0 ? 0 : Math.floor(unix) + SINCE_1900, at);
  page.writeUInt32BE(unix === 0 ? 0 : Math.floor((unix % 1) * 2 ** 32), at + 4);
}
