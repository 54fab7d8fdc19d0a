/** Why nobody is followed is told in the daemon's log: after a while, once, and again when it was otherwise meanwhile. */
import { describe, expect, it } from "vitest";
import { Log } from "../../src/cli/daemon/log.ts";
import { Unfollowed } from "../../src/cli/daemon/unfollowed.ts";
import type { Note } from "../../src/engine/port/note.ts";
import type { Snapshot } from "../../src/engine/port/snapshot.ts";
import type { Mono } from "../../src/time/mono.ts";
import type { Address } from "../../src/wire/address.ts";
import { association, lost, snapshotOf } from "../support/snapshot.ts";

const ASKED: readonly Note[] = [];
const follows = (address: Address | null): readonly Note[] => [{ what: "systemPeer", id: null, address }];

function daemon(...associations: Snapshot["associations"]): { at: (now: number, notes?: readonly Note[]) => string[] } {
  const said: string[] = [];
  const log = new Log(
    { write: (text) => said.push(text), isTerminal: false, columns: null },
    { format: "text", verbose: false, quiet: true },
  );
  const unfollowed = new Unfollowed(log, 0 as Mono);
  return {
    at: (now, notes = ASKED) => {
      unfollowed.heed(notes, () => snapshotOf(associations), now as Mono);
      return said.splice(0);
    },
  };
}

// A domain controller of Windows: precision -6, and a root dispersion of ten seconds.
const WINDOWS = lost(1, "rootDistance", { rootDistance: 10.75, rootDispersion: 10.7, rootDelay: 0.03, precision: -6 });

describe("a daemon that follows nobody", () => {
  it("says why not, with the figure, the limit and what sets it, when it has lasted", () => {
    const { at } = daemon(WINDOWS, lost(2, "unsynchronized", { leap: "unsynchronized", stratum: 16 }));
    expect(at(299)).toEqual([]);
    const [first, second, ...others] = at(301);
    expect(first).toMatch(/^warning: .*10\.7\d* s .*the limit is 1\.500 s \(tos maxdist\)\n$/);
    expect(second).toMatch(/^warning: .*leap 3, stratum 16/);
    expect(others).toEqual([]);
    expect([...at(302), ...at(5000)]).toEqual([]);
  });

  it("says so again only after somebody was followed", () => {
    const { at } = daemon(WINDOWS);
    expect(at(301)).toHaveLength(1);
    expect(at(400, follows({ ip: "192.0.2.1", port: 123 }))).toEqual([]);
    expect(at(1000)).toEqual([]);
    expect(at(1100, follows(null))).toEqual([]);
    expect(at(1399)).toEqual([]);
    expect(at(1401)).toHaveLength(1);
  });

  it("says nothing of who is silent, which the log has told, nor of who is right", () => {
    const { at } = daemon(association(1), lost(2, "unreachable"), lost(3, "noselect"));
    expect(at(301)).toEqual([]);
  });
});
