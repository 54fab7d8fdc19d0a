/** What is said of a run while it goes on. */
import { describe, expect, it } from "vitest";
import { askingFace } from "../../src/cli/asking-face.ts";
import { FindingFace } from "../../src/cli/find-face.ts";
import type { PreparedFinding } from "../../src/cli/prepare-finding.ts";
import type { Io } from "../../src/cli/io.ts";
import type { Session } from "../../src/cli/session.ts";
import { discoveryConfig } from "../../src/config/discovery.ts";
import { parseGroup } from "../../src/config/groups.ts";
import { onceConfig } from "../../src/config/options.ts";
import { parseServer } from "../../src/config/servers.ts";
import type { Snapshot } from "../../src/engine/port/snapshot.ts";
import { association, snapshotOf } from "../support/snapshot.ts";

const FACTS = { precision: -20, ownReferenceIds: [] };
const OPTIONS = { color: false } as const;

function sessionAt(elapsed: number, snapshot: Snapshot | null): Session {
  return { elapsed, snapshot: () => snapshot } as unknown as Session;
}

describe("the spinner of a run that asks", () => {
  const asking = (command: "sync" | "query", servers: readonly string[], sent: number, width = 80): string => {
    const config = onceConfig(command, servers.map(parseServer), {}, null, FACTS);
    const packets = { sent, received: sent, rejected: 0 };
    return askingFace(command, config, OPTIONS).awaited!(
      sessionAt(3.2, snapshotOf([association(1, { packets })])),
      width,
    );
  };

  it("says which sample of how many it waits for, and when it ends at the latest", () => {
    expect(asking("sync", ["127.0.0.1"], 2)).toBe("asking 127.0.0.1: sample 2 of 4, at most 12 s");
    expect(asking("sync", ["127.0.0.1"], 5)).toBe("asking 127.0.0.1: sample 4 of 4, at most 12 s");
    expect(asking("sync", ["127.0.0.1"], 0)).toBe("asking 127.0.0.1: at most 12 s");
    expect(asking("query", ["127.0.0.1"], 1)).toBe("asking 127.0.0.1: at most 12 s");
  });

  it("names as many servers as the terminal has room for, and breaks no word", () => {
    const servers = ["ntp1.example.net", "ntp2.example.net", "ntp3.example.net", "ntp4.example.net"];
    const end = ": sample 1 of 4, at most 12 s";
    expect(asking("sync", servers, 1, 120)).toBe(`asking ${servers.slice(0, 3).join(", ")} and 1 other${end}`);
    expect(asking("sync", servers, 1)).toBe(`asking ntp1.example.net and 3 others${end}`);
    expect(asking("sync", servers, 1, 50)).toBe(`asking 4 servers${end}`);
    for (let width = 46; width < 140; width += 1)
      expect(asking("sync", servers, 1, width).length).toBeLessThanOrEqual(width);
  });
});

describe("the last line of a search", () => {
  const rings = (...ttls: readonly number[]): Snapshot["rings"] =>
    ttls.map((ttl) => ({ group: "239.1.1.1", ttl, sentAt: null, replies: 0 }) as never);

  it.each([
    [[], "searching … 3 s, Ctrl-C ends it"],
    [[1, 2, 3], "searching: ring 3 of 7 … 3 s, Ctrl-C ends it"],
    [[1, 2, 3, 4, 5, 6, 7], "searching: ring 7 of 7 … 3 s, Ctrl-C ends it"],
  ])("after rings %j: %s", async (ttls, line) => {
    const config = discoveryConfig("manycast", [parseGroup("239.1.1.1")], {}, null, FACTS);
    const stream = { isTerminal: true, columns: 80, write: () => true };
    const io = { out: stream, err: stream, env: {} } as unknown as Io;
    const prepared = { config, groups: ["239.1.1.1"] } as unknown as PreparedFinding;
    const face = await FindingFace.of("manycast", prepared, OPTIONS, io);
    expect(face.frame(sessionAt(3.2, { ...snapshotOf([]), rings: rings(...ttls) })).at(-1)).toBe(line);
  });
});
