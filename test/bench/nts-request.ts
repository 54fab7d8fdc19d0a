/**
 * Establishes keys with a server and prints a request under them, in hexadecimal. Arguments: address, port of key establishment, file of
 * the authority. A server keeps nothing of its clients, so the one request may be sent again and again.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { HandshakeToken } from "../../src/engine/port/action.ts";
import type { Event } from "../../src/engine/port/event.ts";
import { SYSTEM_TRUST, establishKeys } from "../../src/host/establish.ts";
import { loadAeads } from "../../src/security/nts/aead.ts";
import { ntsSecurity } from "../../src/security/nts/client.ts";

const [ip = "127.0.0.1", port = "4460", authority = ""] = process.argv.slice(2);
const by = establishKeys({ ...SYSTEM_TRUST, ca: [readFileSync(authority, "utf8")] });
const event = await new Promise<Event>((done) => {
  const to = { ip, port: Number(port) };
  const token = 1 as HandshakeToken;
  by(
    { kind: "establish", token, name: ip, with: to, kept: false, shortest: false },
    new AbortController().signal,
    done,
  );
});
if (event.kind !== "established") throw new Error(JSON.stringify(event));
const security = ntsSecurity(await loadAeads(), randomBytes);
security.establish(event.keys);
const header = Buffer.from(`23${"00".repeat(39)}e001020304050607`, "hex");
const sealed = security.seal(header);
if (sealed.kind !== "sealed") throw new Error(sealed.fault);
console.log(Buffer.from(sealed.bytes).toString("hex"));
