/** `decode` as a command: lines, documents, filters, keys, and files that are none. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSchema, decodeSummarySchema } from "../../src/view/decode-document.ts";
import { ntpkit } from "../support/command.ts";
import { captures } from "../support/pcap.ts";
import { violations } from "../support/schema.ts";

const CAPTURES = fileURLToPath(new URL("../fixtures/captures/", import.meta.url));
const file = (name: string): string => `${CAPTURES}${name}.pcap`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-decode-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const keyFile = (text: string): string => {
  const path = join(folder, "ntp.keys");
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

describe("decode", () => {
  it("writes a line a packet, as somebody who knows NTP would put it", async () => {
    const keys = keyFile("1 MD5 secretmd5\n");
    const { code, out, err } = await ntpkit(["decode", "--keys", keys, file("b1-md5")]);
    expect([code, err]).toEqual([0, ""]);
    expect(out.split("\n").slice(0, 3)).toEqual([
      "2026-11-21 UTC",
      "     1 20:38:00.903655 10.1.0.21 > 10.1.0.1: client v4, key 1 MD5 right",
      "     2 20:38:00.903839 10.1.0.1 > 10.1.0.21: server v4, stratum 3 by LOCAL(0), root 197.7 ms, key 1 MD5 right; answers 1 offset +201.8 µs delay 11.3 µs",
    ]);
    expect(out.split("\n")).toHaveLength(1 + 16 + 1);
  });

  it("says what is wrong with a packet, and with --bad of no other", async () => {
    const keys = keyFile("1 MD5 another\n");
    const { out } = await ntpkit(["decode", "--bad", "--keys", keys, file("b1-md5")]);
    expect(out.match(/key 1 MD5 wrong/g)).toHaveLength(16);
    expect(out.match(/✗ authentication: it is not authentic/g)).toHaveLength(16);
    const kisses = await ntpkit(["decode", "--bad", file("j6-rate-raw")]);
    expect(kisses.out.match(/kiss RATE \(the server limits our rate\); answers \d+$/gm)).toHaveLength(7);
  });

  it("checks the MACs of Autokey by a folder of keys", async () => {
    const autokey = fileURLToPath(new URL("../fixtures/autokey/i1/c", import.meta.url));
    const password = join(folder, "password");
    writeFileSync(password, "clipw\n");
    const proof = ["--autokey", autokey, "--autokey-password", password];
    const { code, out, err } = await ntpkit(["decode", "--json", ...proof, file("i1-autokey-tc")]);
    expect([code, err]).toEqual([0, ""]);
    const macs = out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { mac: { algorithm: string; verified: boolean } }).mac);
    expect(macs.length).toBeGreaterThan(20);
    for (const mac of macs) expect(mac).toMatchObject({ algorithm: "MD5", verified: true });
    for (const [wrong, said] of [
      [["--autokey", autokey], /ntpkey_host_cli: the private key cannot be read: perhaps the password is another/],
      [["--autokey", folder], /there is no ntpkey_host_NAME in it/],
      [["--autokey-password", password], /--autokey-password is for --autokey/],
    ] as const) {
      const ran = await ntpkit(["decode", ...wrong, file("i1-autokey-tc")]);
      expect([ran.code, ran.out]).toEqual([64, ""]);
      expect(ran.err).toMatch(said);
    }
  });

  it("shows what was asked for only: a host, a network, a mode", async () => {
    const numbers = async (...options: string[]): Promise<number> =>
      (await ntpkit(["decode", "--json", ...options, file("d1-bcast-key-volley")])).out.split("\n").length - 1;
    expect(await numbers()).toBe(17);
    expect(await numbers("--mode", "broadcast")).toBe(9);
    expect(await numbers("--host", "10.1.0.0/24")).toBe(17);
    expect(await numbers("--host", "192.0.2.1", "--host", "2001:db8::/32")).toBe(0);
  });

  it("has a document a packet, valid by its schema, of every recording", async () => {
    for (const name of captures()) {
      const { code, out } = await ntpkit(["decode", "--json", file(name)]);
      expect([name, code]).toEqual([name, 0]);
      for (const line of out.trimEnd().split("\n"))
        expect([name, violations(JSON.parse(line), decodeSchema())]).toEqual([name, []]);
      const summary = await ntpkit(["decode", "--summary", "--json", file(name)]);
      expect([name, violations(JSON.parse(summary.out), decodeSummarySchema())]).toEqual([name, []]);
    }
  });

  it("puts the page of a summary in words", async () => {
    const { code, out } = await ntpkit(["decode", "--summary", file("j6-rate-raw")]);
    expect(code).toBe(0);
    expect(out).toMatch(/^58 packets in 59\.642 s, from 2026-11-21T20:38:05Z: 51 ok and 7 kiss$/m);
    expect(out).toMatch(/^ {2}10\.1\.0\.16 {2}10\.1\.0\.1 +50 +8 .* 7 RATE$/m);
    expect(out).toMatch(/^ {2}10\.1\.0\.16 asks 10\.1\.0\.1 too often/m);
    expect(out).toMatch(/^ {2}10\.1\.0\.16 goes on asking 10\.1\.0\.1 in spite of RATE/m);
  });

  it("says nothing with -q, and with -v how many packets there were", async () => {
    expect(await ntpkit(["decode", "-q", file("a1-iburst")])).toEqual({ code: 0, out: "", err: "" });
    const { err } = await ntpkit(["decode", "-v", "--mode", "client", file("a1-iburst")]);
    expect(err).toBe("ntpkit decode: 24 packets of NTP, 12 shown\n");
  });

  it("reads standard input as `-`", async () => {
    const { spawnSync } = await import("node:child_process");
    const entry = fileURLToPath(new URL("../../src/cli/entry.ts", import.meta.url));
    const argv = ["--import", "tsx", entry, "decode", "-", "--mode", "server"];
    const input = readFileSync(file("a1-iburst"));
    const { status, stdout } = spawnSync(process.execPath, argv, { input, encoding: "utf8" });
    expect([status, stdout.match(/server v4/g)?.length]).toEqual([0, 12]);
  });

  it.each([
    ["no capture", Buffer.from("not a capture at all"), /it is neither pcap nor pcapng$/],
    ["an empty file", Buffer.alloc(0), /it is empty$/],
  ])("ends with 64 and a line for %s", async (_, octets, words) => {
    const path = join(folder, "odd.pcap");
    writeFileSync(path, octets);
    const { code, out, err } = await ntpkit(["decode", path]);
    expect([code, out]).toEqual([64, ""]);
    expect(err.trimEnd()).toMatch(words);
  });

  it("tells all that comes before the place where a file is cut, and where that is", async () => {
    const whole = readFileSync(file("a1-iburst"));
    const path = join(folder, "cut.pcap");
    writeFileSync(path, whole.subarray(0, whole.length - 7));
    const { code, out, err } = await ntpkit(["decode", path]);
    expect(code).toBe(64);
    expect(out.split("\n")).toHaveLength(1 + 23 + 1);
    expect(err).toMatch(/cut\.pcap: it ends in the midst of a packet, at octet \d+, after 23 packets\n$/);
    const { out: json } = await ntpkit(["decode", "--summary", "--json", path]);
    const document = JSON.parse(json);
    expect([document.ok, document.exitCode, document.packets]).toEqual([false, 64, 23]);
    expect(violations(document, decodeSummarySchema())).toEqual([]);
  });

  it.each([
    [["decode", "/nonexistent/ntp.pcap"], /cannot read \/nonexistent\/ntp\.pcap: no such file or directory/],
    [["decode", "/"], /cannot read \/: illegal operation on a directory/],
    [["decode"], /file/],
    [["decode", "--host", "nowhere", "x"], /--host: "nowhere" is not a network/],
    [["decode", "--mode", "odd", "x"], /--mode/],
  ])("ends with 64 and one line: %j", async (argv, words) => {
    const { code, err } = await ntpkit(argv);
    expect(code).toBe(64);
    expect(err).toMatch(words);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});
