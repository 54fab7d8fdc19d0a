/** Many datagrams in one call, and one by one where a sandbox refuses that. */
import { describe, expect, it } from "vitest";
import { errorNumber } from "../../src/host/errno.ts";
import { libc } from "../../src/host/libc.ts";
import { Batch, BATCH } from "../../src/host/udp/batch.ts";

const c = libc();

describe.runIf(c !== null)("a kernel that refuses to take many at once", () => {
  it.each(["ENOSYS", "EPERM"])("by %s is asked for one, and never again for many", (code) => {
    const asked: string[] = [];
    const refuse = (name: string) => (): number => {
      asked.push(name);
      return -1;
    };
    const take = (name: string) => (): number => {
      asked.push(name);
      return 48;
    };
    const batch = new Batch({
      recvmmsg: refuse("recvmmsg"),
      sendmmsg: refuse("sendmmsg"),
      recvmsg: take("recvmsg"),
      sendmsg: take("sendmsg"),
      errno: () => errorNumber(code),
      address: (memory) => c!.address(memory),
    });
    expect([batch.most, batch.receive(3), batch.most]).toEqual([BATCH, 1, 1]);
    expect(batch.slots[0]!.arrival.length).toBe(48);
    expect([batch.receive(3), batch.send(3, 2)]).toEqual([1, 2]);
    expect(asked).toEqual(["recvmmsg", "recvmsg", "recvmsg", "sendmsg", "sendmsg"]);
  });

  it("by a packet filter's words loses that datagram, and nothing else changes", () => {
    let calls = 0;
    const batch = new Batch({
      recvmmsg: () => 0,
      sendmmsg: () => ((calls += 1) === 1 ? -1 : 1),
      recvmsg: () => -1,
      sendmsg: () => -1,
      errno: () => errorNumber("EPERM"),
      address: (memory) => c!.address(memory),
    });
    expect(batch.send(3, 3)).toBe(2);
    expect(batch.most).toBe(BATCH);
  });
});
