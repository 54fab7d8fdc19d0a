/**
 * Answers control queries about the fixed state of `test/control/responder/view.ts` on 127.0.0.1:123, for the real tools to
 * print; `test/fixtures/responder` holds what they did. With `now` as its argument the state is of this moment, not of 2026.
 */
import { createSocket } from "node:dgram";
import { responderOf, view } from "../../control/responder/view.ts";
import { fromUnix } from "../../../src/time/timestamp.ts";

const isNow = process.argv[2] === "now";
const { responder } = responderOf({ localStratum: 5 });
const socket = createSocket("udp4");
socket.on("message", (bytes, { address, port }) => {
  const state = view({ localStratum: 5 });
  const now = isNow ? { ...state.now, clock: fromUnix(BigInt(Date.now()) * 1_000_000n) } : state.now;
  for (const answer of responder.respond(
    bytes,
    { ip: address, port },
    { access: state.access, view: () => ({ ...state, now }) },
    now,
  ))
    socket.send(answer, port, address);
});
socket.bind(123, "127.0.0.1");
