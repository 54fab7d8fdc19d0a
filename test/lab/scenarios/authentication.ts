/** Symmetric keys: every digest each daemon has, from one key file for both ends where the formats allow it. */
import assert from "node:assert/strict";
import { ended, only, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

const SECRET = "6ab3c02a4f9be8d1";
const HEX_16 = "00112233445566778899aabbccddeeff";
const HEX_20 = `${HEX_16}01234567`;
const HEX_32 = `${HEX_16}${HEX_16}`;

/** Keys as ntpd and NTPsec read them; the name of the CMAC differs. */
const ntpKeys = (cmac: string): readonly string[] => [
  "# identifier type key",
  `1 MD5 ${SECRET}`,
  `2 SHA1 ${HEX_20}`,
  `3 SHA256 ${HEX_20}`,
  `4 SHA512 ${HEX_20}`,
  `5 ${cmac} ${HEX_16}`,
];

/** Keys as chrony reads them. */
const CHRONY_KEYS = [
  `1 MD5 ASCII:${SECRET}`,
  `2 SHA1 HEX:${HEX_20}`,
  `3 SHA256 HEX:${HEX_32}`,
  `4 SHA384 HEX:${HEX_32}`,
  `5 SHA512 HEX:${HEX_32}`,
  `6 AES128 HEX:${HEX_16}`,
  `7 AES256 HEX:${HEX_32}`,
];

export const authentication: readonly Scenario[] = [
  {
    name: "authentication: ntpd, with MD5, SHA1, SHA256, SHA512 and AES128CMAC",
    needs: ["classic"],
    run: (world) => everyNtpKey(world, "classic", "AES128CMAC"),
  },
  {
    name: "authentication: NTPsec, with MD5, SHA1, SHA256, SHA512 and AES-128",
    needs: ["ntpsec"],
    run: (world) => everyNtpKey(world, "ntpsec", "AES-128"),
  },
  {
    name: "authentication: chronyd, with MD5, SHA1, SHA256, SHA384, SHA512, AES128 and AES256",
    needs: ["chrony"],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      const keys = await world.write("chrony.keys", CHRONY_KEYS);
      await world.chronyd(server, ["local stratum 3", `keyfile ${keys}`]);
      await everyKey(world, client, server, keys, CHRONY_KEYS.length, ["--keys-format", "chrony"]);
    },
  },
  {
    name: "authentication: a wrong key is a crypto-NAK from ntpd and ends with 15",
    needs: ["classic"],
    run: async (world) => {
      const { client, server } = await wrongKey(world, (host, keys) =>
        world.ntpd("classic", host, [`keys ${keys}`, "trustedkey 1 2"]),
      );
      for (const key of ["1", "2", "9"]) {
        const report = ended(await world.ntpkit(client, ["query", server.ipv4, ...wrong(world, key)]), 15);
        assert.equal(only(report).authentication, "nak");
        assert.equal(only(report).reason, "authentication");
        assert.equal(report.clock.offset, null);
      }
    },
  },
  {
    name: "authentication: a key that ntpd has but does not trust is a crypto-NAK too",
    needs: ["classic"],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      const keys = await world.write("ntp.keys", ntpKeys("AES128CMAC"));
      await world.ntpd("classic", server, [`keys ${keys}`, "trustedkey 1"]);
      const run = await world.ntpkit(client, ["query", server.ipv4, "--keys", keys, "--key", "2", "--json"]);
      assert.equal(only(ended(run, 15)).authentication, "nak");
    },
  },
  {
    name: "authentication: chronyd is silent to a wrong key, which is no reply",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server } = await wrongKey(world, (host, keys) =>
        world.chronyd(host, ["local stratum 3", `keyfile ${keys}`]),
      );
      const report = ended(await world.ntpkit(client, ["query", server.ipv4, ...wrong(world, "1")]), 10);
      assert.equal(only(report).packets.received, 0);
    },
  },
  {
    name: "authentication: NTPsec is silent to a wrong key, which is no reply",
    needs: ["ntpsec"],
    run: async (world) => {
      const { client, server } = await wrongKey(world, (host, keys) =>
        world.ntpd("ntpsec", host, [`keys ${keys}`, "trustedkey 1 2"]),
      );
      ended(await world.ntpkit(client, ["query", server.ipv4, ...wrong(world, "1")]), 10);
    },
  },
  {
    name: "authentication: a reply without a MAC does not do when a key is asked for",
    needs: [],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      const keys = await world.write("ntp.keys", ntpKeys("AES128CMAC"));
      await world.oddServer(server, {});
      const run = await world.ntpkit(client, ["query", server.ipv4, "--keys", keys, "--key", "1", "--json"]);
      const association = only(ended(run, 15));
      assert.equal(association.authentication, "failed");
      assert.equal(association.packets.rejected, association.packets.received);
    },
  },
  {
    name: "authentication: one server with a key, one without",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const keyed = await world.host("keyed");
      const plain = await world.host("plain");
      const client = await world.host("client");
      const keys = await world.write("ntp.keys", ntpKeys("AES128CMAC"));
      await world.ntpd("classic", keyed, [`keys ${keys}`, "trustedkey 3"]);
      await world.chronyd(plain);
      const servers = [`${keyed.ipv4},key=3`, plain.ipv4];
      const report = ended(await world.ntpkit(client, ["query", ...servers, "--keys", keys, "--json"]), 0);
      const security = report.associations.map(({ authentication, keyId }) => [authentication, keyId]);
      assert.deepEqual(security, [
        ["ok", 3],
        ["none", null],
      ]);
    },
  },
];

async function everyNtpKey(world: World, which: "classic" | "ntpsec", cmac: string): Promise<void> {
  const server = await world.host("server");
  const client = await world.host("client");
  const keys = await world.write("ntp.keys", ntpKeys(cmac));
  await world.ntpd(which, server, [`keys ${keys}`, "trustedkey 1 2 3 4 5"]);
  await everyKey(world, client, server, keys, 5, []);
}

async function everyKey(
  world: World,
  client: Host,
  server: Host,
  keys: string,
  count: number,
  options: readonly string[],
): Promise<void> {
  for (let key = 1; key <= count; key += 1) {
    const args = ["query", server.ipv4, "--keys", keys, ...options, "--key", String(key), "--json"];
    const association = only(ended(await world.ntpkit(client, args), 0));
    assert.equal(association.authentication, "ok", `key ${key}`);
    assert.equal(association.security, "key");
    assert.equal(association.keyId, key);
  }
}

async function wrongKey(
  world: World,
  serve: (server: Host, keys: string) => Promise<unknown>,
): Promise<{ client: Host; server: Host }> {
  const server = await world.host("server");
  const client = await world.host("client");
  await serve(server, await world.write("server.keys", [`1 MD5 ${SECRET}`, `2 SHA1 ${HEX_20}`]));
  await world.write("wrong.keys", [`1 MD5 x${SECRET.slice(1)}`, `2 SHA1 ff${HEX_20.slice(2)}`, `9 MD5 ${SECRET}`]);
  return { client, server };
}

function wrong(world: World, key: string): readonly string[] {
  return ["--keys", world.file("wrong.keys"), "--key", key, "--json"];
}
