/** What name servers say of a name that has no address: a name server of our own on loopback. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ResolveFault } from "../../src/engine/port/event.ts";
import { diagnose } from "../../src/host/diagnose.ts";
import { resolve } from "../../src/host/resolve.ts";

/** Response codes of RFC 1035 §4.1.1 by the name that is asked for; `null`: no answer at all. */
const CODES: Readonly<Record<string, number | null>> = { fails: 2, nosuch: 3, refuses: 5, empty: 0, silent: null };

let server: Socket;
let asked = 0;
let at: string;
beforeAll(async () => {
  server = createSocket("udp4", (question, { port }) => {
    asked += 1;
    const label = question.subarray(13, 13 + question[12]!).toString();
    const code = CODES[label] ?? null;
    if (code === null) return;
    // The question again, as an answer without a record.
    const end = question.indexOf(0, 12) + 5;
    const answer = Buffer.from(question.subarray(0, end));
    answer.writeUInt16BE(0x8180 | code, 2);
    answer.fill(0, 6, 12);
    server.send(answer, port, "127.0.0.1");
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  at = `127.0.0.1:${server.address().port}`;
});
afterAll(() => server.close());

const said = (name: string, fault: ResolveFault, family: 4 | 6 | null = null, servers = [at]): Promise<ResolveFault> =>
  new Promise((told) => diagnose(name, family, fault, told, servers));

describe("a name that the system's resolver found no address for", () => {
  it.each<[string, ResolveFault, 4 | 6 | null, ResolveFault]>([
    ["fails.example", "again", null, "serverFailure"],
    ["refuses.example", "again", null, "refused"],
    ["nosuch.example", "notFound", null, "notFound"],
    ["nosuch.example", "otherFamily", 4, "notFound"],
    ["nosuch.example", "otherFamily", 6, "notFound"],
    ["empty.example", "notFound", null, "noAddress"],
    ["empty.example.", "notFound", null, "noAddress"],
    ["empty.example", "otherFamily", 6, "otherFamily"],
    ["silent.example", "again", null, "again"],
    ["silent.example", "notFound", null, "notFound"],
  ])("%s, %s before, family %s: %s", async (name, fault, family, refined) => {
    expect(await said(name, fault, family)).toBe(refined);
  });

  it("stays unreachable where nothing listens", async () => {
    const closed = createSocket("udp4").bind(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address();
    closed.close();
    expect(await said("fails.example", "again", null, [`127.0.0.1:${port}`])).toBe("again");
  });

  it("is asked for of name servers only where it is theirs, and where that can add something", async () => {
    const before = asked;
    expect(await said("fails", "again")).toBe("again");
    expect(await said("fails.local", "again")).toBe("again");
    expect(await said("fails.example", "failed")).toBe("failed");
    expect(asked).toBe(before);
  });

  it("is told with what they say", async () => {
    const event = await new Promise((put) =>
      resolve(
        "fails.example",
        null,
        put,
        (_name, _family, done) => done(Object.assign(new Error(), { code: "EAI_AGAIN" }), []),
        (name, family, fault, told) => diagnose(name, family, fault, told, [at]),
      ),
    );
    expect(event).toEqual({ kind: "unresolved", name: "fails.example", why: "serverFailure" });
  });
});
