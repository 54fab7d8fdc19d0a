import { describe, expect, it } from "vitest";
import { BURST_SIX } from "../../src/association/template.ts";
import { warnOfHaste } from "../../src/cli/haste.ts";
import type { Io } from "../../src/cli/io.ts";
import { Session } from "../../src/cli/session.ts";
import type { Note } from "../../src/engine/port/note.ts";

const mobilized = (name: string, ip: string): Note =>
  ({ what: "mobilized", id: 1, name, address: { ip, port: 123 } }) as Note;
const ring = (group: string): Note => ({ what: "ring", group, ttl: 1, found: 0 });

function warned(interval: number, note: Note, options: { readonly quiet?: boolean } = {}): readonly string[] {
  const lines: string[] = [];
  const spacing = { least: interval, most: interval };
  const session = { warn: (text: string) => void lines.push(text) } as unknown as Session;
  warnOfHaste({ burst: { ...BURST_SIX, spacing } }, { color: false, ...options }, [note], session);
  return lines;
}

describe("whoever asks for an interval below 2 s", () => {
  it.each([
    [mobilized("192.0.2.7", "192.0.2.7"), "--interval: 192.0.2.7 is asked every 2 s, since it is a public address"],
    [
      mobilized("2001:db8::7", "2001:db8::7"),
      "--interval: 2001:db8::7 is asked every 2 s, since it is a public address",
    ],
    [
      mobilized("ntp.example", "192.0.2.7"),
      "--interval: ntp.example is asked every 2 s where its addresses are public, as 192.0.2.7 is",
    ],
    [
      ring("224.0.1.1"),
      "--interval: 224.0.1.1 is asked every 2 s, since it is not confined to a site, as 239.0.0.0/8 and IPv6 scopes up to 8 are",
    ],
  ])("is told that it does not hold: %j", (note, line) => {
    expect(warned(0.1, note)).toEqual([line]);
    expect(warned(2, note)).toEqual([]);
    expect(warned(0.1, note, { quiet: true })).toEqual([]);
  });

  it("is told of a name with many addresses, and of a group with many rings, once", () => {
    const lines: string[] = [];
    const io = { err: { write: (line: string) => void lines.push(line) }, onStop: () => () => {} } as unknown as Io;
    const session = new Session({ command: "query" }, io);
    const notes = [
      mobilized("ntp.example", "192.0.2.7"),
      mobilized("ntp.example", "2001:db8::7"),
      mobilized("other.example", "192.0.2.8"),
      ring("224.0.1.1"),
      ring("224.0.1.1"),
    ];
    const burst = { ...BURST_SIX, spacing: { least: 0.1, most: 0.1 } };
    warnOfHaste({ burst }, { color: false }, notes, session);
    expect(lines.map((line) => /--interval: (\S+) /.exec(line)?.[1])).toEqual([
      "ntp.example",
      "other.example",
      "224.0.1.1",
    ]);
  });

  it.each([
    mobilized("10.1.2.3", "10.1.2.3"),
    mobilized("ntp.example", "fe80::1%eth0"),
    ring("239.1.1.1"),
    ring("ff05::101"),
  ])("is told nothing where it does: %j", (note) => {
    expect(warned(0.1, note)).toEqual([]);
  });
});
