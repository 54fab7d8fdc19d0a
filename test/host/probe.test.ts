/** One exchange without an engine: what fails a packet test is told, and never measured. */
import { createSocket, type Socket } from "node:dgram";
import { afterEach, expect, it, vi } from "vitest";
import { cookie } from "../../src/host/ask.ts";
import { probe } from "../../src/host/probe.ts";

const open: Socket[] = [];
afterEach(() => open.splice(0).forEach((socket) => socket.close()));

/** A server whose answer is altered; what a probe makes of it. */
async function probed(
  alter: (view: DataView) => void,
  { after = 0, timeout = 1, clock = Date.now(), nak = false } = {},
) {
  const socket = createSocket("udp4");
  open.push(socket);
  socket.on("message", (bytes, { address, port }) => {
    const answer = new Uint8Array(48);
    const view = new DataView(answer.buffer);
    answer.set([0x24, 2, 6, 0xe8]);
    answer.set(bytes.subarray(40, 48), 24);
    const now = (BigInt(Date.now() + 2_208_988_800_000) * 4_294_967_296n) / 1000n;
    for (const at of [16, 32, 40]) view.setBigUint64(at, now);
    alter(view);
    setTimeout(() => socket.send(nak ? [answer, new Uint8Array(4)] : answer, port, address), after * 1000);
  });
  await new Promise<void>((done) => void socket.bind(0, "127.0.0.1", done));
  const reads = vi.spyOn(Date, "now").mockReturnValue(clock);
  const { answer } = probe({ ip: "127.0.0.1", port: socket.address().port }, cookie(), timeout);
  reads.mockRestore();
  return await answer;
}

it("measures nothing by an answer with a crypto-NAK, for no key was used", async () => {
  expect(await probed(() => undefined, { nak: true })).toMatchObject({ header: { stratum: 2 }, sample: null });
});

it("measures a server that is as it should be", async () => {
  expect(Math.abs((await probed(() => undefined))!.sample!.offset)).toBeLessThan(1);
});

it("is led by a clock that starts in 1970 to the time after 2038, and not to 1902", async () => {
  const then = 2_240_000_000;
  const at2040 = (view: DataView): void => {
    for (const place of [16, 32, 40]) view.setUint32(place, then + 2_208_988_800 - 2 ** 32);
  };
  const { offset } = (await probed(at2040, { clock: 0 }))!.sample!;
  expect(Math.abs(offset - then)).toBeLessThan(2);
});

it("takes an answer that comes later than the usual second, as by satellite", async () => {
  expect((await probed(() => undefined, { after: 0.4, timeout: 0.2 }))!.sample).not.toBeNull();
});

it.each<readonly [string, (view: DataView) => void]>([
  ["a kiss, whose timestamps mean nothing", (view) => view.setUint32(0, 0xe400_06e8)],
  ["a server that is not synchronized", (view) => view.setUint8(0, 0xe4)],
  ["a server of stratum 16", (view) => view.setUint8(1, 16)],
  ["no receive timestamp", (view) => view.setBigUint64(32, 0n)],
  ["no transmit timestamp", (view) => view.setBigUint64(40, 0n)],
  ["a root distance of 16 s", (view) => view.setUint32(8, 17 << 16)],
  ["a clock set in the future", (view) => view.setBigUint64(16, view.getBigUint64(40) + (3600n << 32n))],
])("tells of %s, and measures nothing", async (_, alter) => {
  expect(await probed(alter)).toMatchObject({ header: { mode: "server" }, sample: null });
});
