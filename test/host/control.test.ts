import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { readChronyTracking } from "../../src/control/chrony.ts";
import { CmdmonSession } from "../../src/control/cmdmonsession.ts";
import { readMru } from "../../src/control/mru.ts";
import { readStatus } from "../../src/control/operations.ts";
import { ControlSession } from "../../src/control/session.ts";
import { openLine } from "../../src/host/control.ts";
import { isKnownLayout } from "../../src/host/layout.ts";
import { AF_UNIX, SOCK_DGRAM } from "../../src/host/layout.ts";
import { libc } from "../../src/host/libc.ts";
import { dgramPort, udpPort } from "../../src/host/udp-port.ts";
import { unixPort } from "../../src/host/unix.ts";
import { manyHeard, mruDaemon } from "../control/mrudaemon.ts";
import { exchanges, recordedDaemon, type Daemon } from "../control/replay.ts";

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A daemon on a loopback address; its answers come in reverse order. */
async function serve(daemon: Daemon, ip = "127.0.0.1"): Promise<{ ip: string; port: number }> {
  const socket: Socket = createSocket(ip.includes(":") ? "udp6" : "udp4");
  socket.on("message", (bytes, { address, port }) => {
    for (const answer of daemon(bytes).toReversed()) socket.send(answer, port, address);
  });
  await new Promise<void>((done) => void socket.bind(0, ip, done));
  open.push(socket);
  return { ip, port: socket.address().port };
}

describe.each([
  ["libc", udpPort],
  ["Node's sockets", dgramPort],
] as const)("a line to a daemon by UDP, through %s", (_through, udpTo) => {
  it.each(["127.0.0.1", "::1"])("leads one dialogue after the other with %s", async (ip) => {
    const line = openLine(udpTo(await serve(recordedDaemon(exchanges("h1-ntpq-pn")), ip)), new ControlSession());
    open.push(line);
    for (let times = 0; times < 2; times += 1)
      expect(await line.lead(readStatus())).toMatchObject({
        kind: "status",
        associations: [{ id: 41_920 }, { id: 41_921 }, { id: 41_922 }],
      });
  });

  it("reads a long list", async () => {
    const line = openLine(udpTo(await serve(mruDaemon(manyHeard(2000)).daemon)), new ControlSession());
    open.push(line);
    const list = await line.lead(readMru());
    expect(list?.kind === "mru" && list.entries.length).toBe(2000);
  });

  it("repeats what was lost", async () => {
    const daemon = recordedDaemon(exchanges("h1-ntpq-pn"));
    let asked = 0;
    const line = openLine(
      udpTo(await serve((bytes) => ((asked += 1) === 1 ? [] : daemon(bytes)))),
      new ControlSession({ timeout: 0.05 }),
    );
    open.push(line);
    expect(await line.lead(readStatus())).toMatchObject({ kind: "status" });
  });

  it("knows at once that nobody listens", async () => {
    const { port } = await serve(() => []);
    open.splice(0)[0]!.close();
    const line = openLine(udpTo({ ip: "127.0.0.1", port }), new ControlSession({ timeout: 3600 }));
    open.push(line);
    expect(await line.lead(readStatus())).toEqual({ kind: "fault", fault: "unreachable" });
  });

  it("knows at once that there is no way", async () => {
    const line = openLine(udpTo({ ip: "not an address", port: 123 }), new ControlSession({ timeout: 3600 }));
    open.push(line);
    expect(await line.lead(readStatus())).toEqual({ kind: "fault", fault: "unreachable" });
  });

  it("may be closed while it waits, and leads one dialogue at a time", async () => {
    const line = openLine(udpTo(await serve(() => [])), new ControlSession({ timeout: 3600 }));
    const waiting = line.lead(readStatus());
    await expect(line.lead(readStatus())).rejects.toThrow("one dialogue at a time");
    line.close();
    expect(await waiting).toBeNull();
  });
});

describe.runIf(isKnownLayout() && libc() !== null)("a line by a Unix socket", () => {
  it("reaches a daemon, gets its answer, and leaves nothing behind", async () => {
    const folder = mkdtempSync(`${tmpdir()}/ntpkit-`);
    const path = `${folder}/chronyd.sock`;
    const c = libc()!;
    const daemon = c.socket(AF_UNIX, SOCK_DGRAM, 0);
    const octets = Buffer.from(path);
    const address = new Uint8Array(110);
    address.set([AF_UNIX, 0, ...octets]);
    expect(c.bind(daemon, address, 2 + octets.length + 1)).toBe(0);
    const port = unixPort(path);
    if (typeof port === "string") throw new Error(port);
    const line = openLine(port, new CmdmonSession({ timeout: 0.05, retries: 0 }));
    const answer = line.lead(readChronyTracking());
    const question = new Uint8Array(256);
    expect(c.recv(daemon, question, question.length, 0)).toBe(104);
    expect([...question.subarray(0, 6)]).toEqual([6, 1, 0, 0, 0, 33]);
    const ours = `${folder}/${readdirSync(folder).find((name) => name.startsWith("ntpkit."))!}/sock`;
    const to = new Uint8Array(110);
    to.set([AF_UNIX, 0, ...Buffer.from(ours)]);
    const reply = new Uint8Array(104);
    reply.set([6, 2, 0, 0, 0, 33, 0, 5]);
    reply.set(question.subarray(8, 12), 16);
    expect(c.sendto(daemon, reply, reply.length, 0, to, 2 + Buffer.from(ours).length + 1)).toBe(104);
    expect(await answer).toMatchObject({ kind: "read", fields: { stratum: 0, correction: 0 } });
    line.close();
    c.close(daemon);
    expect(readdirSync(folder)).toEqual(["chronyd.sock"]);
    expect(unixPort(path)).toBe("absent");
    rmSync(folder, { recursive: true });
  });

  it("says why there is none", () => {
    expect(unixPort("/nonexistent/chronyd.sock")).toBe("absent");
    expect(unixPort(`/${"x".repeat(200)}`)).toBe("failed");
  });
});
