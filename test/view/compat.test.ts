/** What other tools printed, printed by us of the same figures. The files' README says of what. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { AssociationReport, Snapshot } from "../../src/engine/port/snapshot.ts";
import { parseRange } from "../../src/config/ranges.ts";
import { queryText, type Occasion, type QueryTool } from "../../src/view/compat.ts";
import { pluginLine } from "../../src/view/plugin.ts";
import { association, silent, snapshotOf } from "../support/snapshot.ts";

const printed = (name: string): readonly string[] => {
  const text = readFileSync(fileURLToPath(new URL(`../fixtures/compat/${name}.txt`, import.meta.url)), "utf8");
  return text.trimEnd().split("\n");
};

/** When it was that time of day in whatever zone the tests run. */
function whenLocal(text: string): number {
  return new Date(text).getTime();
}

/** The zone's distance from UTC, as the tools write it; theirs was UTC. */
function zoneAt(unix: number): string {
  const minutes = -new Date(unix).getTimezoneOffset();
  const two = (value: number): string => `${Math.floor(value)}`.padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}${two(Math.abs(minutes) % 60)}`;
}

/** A server without anything that adds to what is shown but the root dispersion. */
function server(id: number, fields: Partial<AssociationReport>): AssociationReport {
  return association(id, { delay: 0, dispersion: 0, rootDelay: 0, rootDispersion: 0, ...fields });
}

function following(servers: readonly AssociationReport[], followed: AssociationReport | undefined): Snapshot {
  const made = snapshotOf(servers);
  return {
    ...made,
    clock: { ...made.clock, offset: followed?.offset ?? null },
    system: { ...made.system, systemPeer: followed?.id ?? null },
  };
}

const NOW: Occasion = { unix: whenLocal("2026-11-22T00:31:51.950"), pid: 8297 };

describe("ntpdate -q", () => {
  it("prints what ntpdate printed", () => {
    let servers: AssociationReport[] = [];
    const [lines, ends] = [printed("ntpdate"), [] as string[]];
    for (const line of lines) {
      const [, address = "", stratum, offset, delay] =
        /^server (\S+), stratum (\d+), offset (\S+), delay (\S+)$/.exec(line) ?? [];
      if (stratum !== undefined)
        servers.push(
          server(servers.length + 1, {
            name: address,
            address,
            stratum: Number(stratum),
            offset: Number(offset),
            delay: Number(delay),
          }),
        );
      else {
        const [, day, time, pid, followed] = /^(\d+) Nov (\S+) ntpdate\[(\d+)\]: adjust time server (\S+) /.exec(line)!;
        const occasion = { unix: whenLocal(`2026-11-${day!.padStart(2, "0")}T${time}`), pid: Number(pid) };
        ends.push(
          queryText(
            "ntpdate",
            following(
              servers,
              servers.find(({ address }) => address === followed),
            ),
            occasion,
          ),
        );
        servers = [];
      }
    }
    expect(ends.join("")).toBe(`${lines.join("\n")}\n`);
    expect(ends).toHaveLength(3);
  });

  it("would step from half a second on, and says nothing of a time where there is none", () => {
    const far = server(1, { offset: -0.5 });
    expect(queryText("ntpdate", following([far], far), NOW)).toContain(
      "22 Nov 00:31:51 ntpdate[8297]: step time server 192.0.2.1 offset -0.500000 sec\n",
    );
    expect(queryText("ntpdate", following([far, silent(2, "unreachable")], undefined), NOW)).toBe(
      "server 192.0.2.1, stratum 2, offset -0.500000, delay 0.00000\n",
    );
  });
});

/** A line of sntp's or ntpdig's. */
const LINE = /^(\S+) (\S+) \(\+0000\) (\S+) \+\/- (\S+) (?:(\S+) )?(\S+) s(\d+) no-leap$/;

/** The line for the figures of a line. */
function again(tool: QueryTool, line: string): string {
  const [, date, time = "", offset, bound, name, address = "", stratum] = LINE.exec(line)!;
  // It is the server's time: ours and the offset. Dates have milliseconds only.
  const local = whenLocal(`${date}T${time.slice(0, 12)}`) + Number(`0.${time.slice(12)}`) - Number(offset) * 1000;
  const one = server(1, {
    name: name ?? address,
    address,
    stratum: Number(stratum),
    offset: Number(offset),
    rootDispersion: Number(bound),
  });
  return queryText(tool, following([one], one), { unix: local, pid: 1 }).replace(`(${zoneAt(local)})`, "(+0000)");
}

/** The last digits of a time of day that went through a number of milliseconds may differ by one. */
const steady = (text: string): string => text.replace(/(:\d\d\.\d{5})\d/, "$1-");

describe("sntp", () => {
  it("prints what sntp printed", () => {
    const lines = printed("sntp");
    for (const line of lines.slice(0, -1)) expect(steady(again("sntp", line))).toBe(steady(`${line}\n`));
    const nobody = {
      ...following([silent(1, "unreachable", { name: "10.77.0.250", address: "10.77.0.250" })], undefined),
      elapsed: 2.1,
    };
    expect(queryText("sntp", nobody, NOW)).toBe(`${lines.at(-1)}\n`);
  });

  it("is content with the first that answers", () => {
    const [first, second, third] = [silent(1, "unreachable"), server(2, { leap: "insert" }), server(3, {})];
    expect(queryText("sntp", following([first, second, third], third), NOW)).toMatch(/^.* 192\.0\.2\.2 s2 add-leap\n$/);
  });
});

describe("ntpdig", () => {
  it("prints what ntpdig printed", () => {
    for (const line of printed("ntpdig")) expect(steady(again("ntpdig", line))).toBe(steady(`${line}\n`));
  });

  it("prints what ntpdig -j printed", () => {
    for (const line of printed("ntpdig-json")) {
      const { time, offset, precision, host, ip, stratum } = JSON.parse(line) as {
        time: string;
        offset: number;
        precision: number;
        host: string;
        ip: string;
        stratum: number;
      };
      const local = whenLocal(time.slice(0, 23)) + Number(`0.${time.slice(23, 26)}`) - offset * 1000;
      const one = server(1, { name: host, address: ip, stratum, offset, rootDispersion: precision });
      const text = queryText("ntpdig-json", following([one], one), { unix: local, pid: 1 }).replace(
        `${zoneAt(local)}"`,
        '+0000"',
      );
      expect(steady(text)).toBe(steady(`${line}\n`));
    }
  });

  it("says what the one says that is followed, and nothing where none is", () => {
    const [first, second] = [server(1, {}), server(2, { name: 'evil\x1b[2J"', leap: "delete" })];
    expect(queryText("ntpdig", following([first, second], second), NOW)).toMatch(/ 192\.0\.2\.2 s2 del-leap\n$/);
    for (const tool of ["ntpdig", "ntpdig-json"] as const)
      // oxlint-disable-next-line no-control-regex -- what must not be there
      expect(queryText(tool, following([first, second], second), NOW)).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    expect(JSON.parse(queryText("ntpdig-json", following([first, second], second), NOW))).toMatchObject({
      ip: "192.0.2.2",
      adjusted: false,
    });
    for (const tool of ["ntpdig", "ntpdig-json"] as const)
      expect(queryText(tool, following([first, second], undefined), NOW)).toBe("");
  });
});

describe("check_ntp_time", () => {
  it("prints what check_ntp_time printed", () => {
    for (const line of printed("check_ntp_time")) {
      const [, offset, warning = "", critical = ""] =
        /Offset (\S+) secs\|offset=\S+s;([\d.]+);([\d.]+);$/.exec(line) ?? [];
      const thresholds = {
        warning: offset === undefined ? null : parseRange(warning, "-w"),
        critical: offset === undefined ? null : parseRange(critical, "-c"),
      };
      const finding =
        offset === undefined
          ? { figures: [], remarks: [{ status: "CRITICAL" as const, text: "No response from NTP server" }] }
          : { figures: [{ name: "offset" as const, value: Number(offset), thresholds }], remarks: [] };
      expect(pluginLine(finding)).toBe(`${line}\n`);
    }
  });
});
