/** Recorded traffic in two readings: tshark's and ours, field by field. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Scenario } from "../scenario.ts";
import { differences, merged, sharkPackets, type OurPacket } from "../shark.ts";

const RECORDED = ["captures", "captures/control"].map((folder) =>
  fileURLToPath(new URL(`../../fixtures/${folder}`, import.meta.url)),
);

export const captures: readonly Scenario[] = [
  {
    name: "captures: decode has every field of every recorded packet as tshark has it",
    needs: ["tshark"],
    run: async (world) => {
      const file = world.file("all.pcap");
      await writeFile(file, merged(RECORDED));
      const [theirs, { code, stdout, stderr }] = await Promise.all([
        sharkPackets(world.peer("tshark"), file),
        world.ntpkit(await world.host("desk"), ["decode", "--json", file]),
      ]);
      assert.equal(code, 0, stderr);
      const lines = stdout.trimEnd().split("\n");
      const ours = new Map(lines.map((line) => JSON.parse(line) as OurPacket).map((one) => [`${one.packet}`, one]));
      assert.ok(theirs.length > 1000, `tshark has ${theirs.length} packets`);
      assert.deepEqual(
        theirs.map((one) => one.get("frame.number")),
        [...ours.keys()],
      );
      assert.deepEqual(
        theirs.flatMap((one) => differences(one, ours.get(one.get("frame.number")!)!)),
        [],
      );
      // What nothing was compared of would be equal, too.
      const compared = new Set(theirs.flatMap((one) => [...one.keys()]));
      assert.ok(compared.size >= 30, [...compared].join(", "));
    },
  },
];
