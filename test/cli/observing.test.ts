/** The commands that ask daemons, at ntpd-rs's Unix socket, and at sockets where nobody tells anything of use. */
import { afterEach, describe, expect, it } from "vitest";
import { checkSchema, peersSchema, waitSchema } from "../../src/view/daemon-schema.ts";
import { observation, observed, observedText, silence } from "../support/asked.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

afterEach(silence);

const ntpdRs = async (version: "1.3" | "1.9" = "1.9"): Promise<string> => {
  const message = observation(observedText(version));
  return await observed([message.subarray(0, 5), message.subarray(5, 300), message.subarray(300)]);
};

describe("peers at a Unix socket", () => {
  it("shows ntpd-rs's sources", async () => {
    const path = await ntpdRs();
    const { code, out, err } = await ntpkit(["peers", "-n", path]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^\*ntp1\.example\.ne - {15} 2 u +\d+ +16 {2}377 {4}4\.200 {3}\+0\.125 {3}0\.080$/m);
    const document = JSON.parse((await ntpkit(["peers", "--json", "--explain", path])).out);
    expect(violations(document, peersSchema())).toEqual([]);
    expect(document.hosts).toMatchObject([
      { host: path, protocol: "observe", daemon: "ntpd-rs 1.9.0", system: { truechimers: null } },
    ]);
    expect((await ntpkit(["peers", "--wide", path])).out).toMatch(/ntpd-rs 1\.9\.0, stratum 3, /);
    expect((await ntpkit(["peers", "-n", "--explain", path])).out).not.toContain("otherwise");
  });

  it.each([
    ["half a message", [observation(observedText("1.9")).subarray(0, 400)], "only parts of its answer arrived"],
    ["garbage", [Buffer.from("HTTP/1.1 200 OK\r\n\r\n")], "longer than an answer may be"],
    ["no JSON", [observation("time flies")], "makes no sense"],
    ["nothing", [], "nobody answers there"],
  ] as const)("says so where there is %s", async (_, chunks, words) => {
    const { code, out, err } = await ntpkit(["peers", await observed(chunks)]);
    expect([code, out]).toEqual([69, ""]);
    expect(err).toContain(words);
  });

  it("does not wait for the rest for ever, and knows a path that is none", async () => {
    const silent = await observed([Uint8Array.of(0, 0)], { ends: false });
    expect(await ntpkit(["peers", "--timeout", "50ms", silent])).toMatchObject({
      code: 69,
      err: expect.stringContaining("nobody answers"),
    });
    expect(await ntpkit(["peers", "/nonexistent/observe"])).toMatchObject({
      code: 10,
      err: expect.stringContaining("there is no such socket"),
    });
    expect((await ntpkit(["mru", "/nonexistent/observe"])).code).toBe(64);
  });
});

describe("check and wait at a Unix socket", () => {
  it("go by what ntpd-rs says", async () => {
    expect(await ntpkit(["check", "--daemon", await ntpdRs(), "--stratum", "2,5"])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^NTP WARNING: Offset 0\.000125 secs, stratum=3, pool\.example: it did not answer\|/),
    });
    expect(await ntpkit(["check", "--daemon", await ntpdRs("1.3")])).toMatchObject({
      code: 2,
      out: expect.stringContaining("Server not synchronized"),
    });
    const untold = await ntpkit(["check", "--json", "--daemon", await ntpdRs(), "--truechimers", "3:,1:"]);
    expect([untold.code, violations(JSON.parse(untold.out), checkSchema())]).toEqual([3, []]);
    const waited = await ntpkit(["wait", "--json", "--daemon", await ntpdRs(), "--distance", "10ms"]);
    expect([waited.code, violations(JSON.parse(waited.out), waitSchema())]).toEqual([0, []]);
  });
});
