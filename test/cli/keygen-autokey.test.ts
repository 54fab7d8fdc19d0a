/** `keygen --autokey`: folders as ntp-keygen leaves them, safer; what is there stays; nothing half done. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isFault, readGroup, readHost } from "../../src/security/autokey/folder.ts";
import type { Credentials } from "../../src/security/autokey/credentials.ts";
import { loadAutokeyServer } from "../../src/cli/autokey.ts";
import { writeKeyTexts } from "../../src/security/autokey/write.ts";
import { keygenSchema } from "../../src/view/schema.ts";
import { ntpkit, type Ran } from "../support/command.ts";
import { violations } from "../support/schema.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-keygen-"));
  writeFileSync(join(folder, "password"), "lab\nanother line\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

/** Small keys, soon made. */
async function keygen(name: string, ...words: readonly string[]): Promise<Ran> {
  return await ntpkit(["keygen", "--autokey", at(name), "--host", "srv", "--modulus", "1024", ...words]);
}

function host(name: string, password: string | null = null, ident?: string): Credentials {
  const read = readHost(
    { path: at(name), password, hostname: "srv", ...(ident === undefined ? {} : { ident }) },
    "md5",
  );
  if (isFault(read)) throw new Error(`${read.path}: ${read.fault}`);
  return read;
}

describe("keygen --autokey", () => {
  it.each([
    ["--sign", "rsa", "--scheme", "DSA-SHA256"],
    ["--client-keys", "3"],
    ["--identity-bits", "512"],
    ["--client-keys", "3", "--identity", "iff"],
  ])("refuses %s %s %s %s before there is a folder", async (...words) => {
    expect(await keygen("none", ...words)).toMatchObject({ code: 64, out: "" });
    expect(readdirSync(folder)).not.toContain("none");
  });

  it("says of a file in the folder's place that it is there", async () => {
    expect(await keygen("password")).toMatchObject({ code: 14, err: expect.stringContaining("file already exists") });
  });

  it("makes host key and certificate for their owner only, links without a folder in them, and says what Autokey is worth", async () => {
    const { code, out, err } = await keygen("plain", "--trusted");
    expect([code, out]).toEqual([0, ""]);
    expect(err).toMatch(/Autokey is weak.*NTS is the way to go/);
    const names = readdirSync(at("plain")).toSorted();
    const [certificate, hostKey, ...links] = names;
    const [, stamp] = /^ntpkey_RSAhost_srv\.(\d{10})$/.exec(hostKey!)!;
    expect(certificate).toBe(`ntpkey_RSA-SHA256cert_srv.${stamp}`);
    expect(links).toEqual(["ntpkey_cert_srv", "ntpkey_host_srv"]);
    expect(links.map((link) => readlinkSync(join(at("plain"), link)))).toEqual([certificate, hostKey]);
    for (const name of [certificate!, hostKey!]) {
      expect(lstatSync(join(at("plain"), name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(at("plain"), name), "latin1").split("\n")[0]).toBe(`# ${name}`);
    }
    expect(readFileSync(join(at("plain"), hostKey!), "latin1")).toContain("BEGIN ENCRYPTED PRIVATE KEY");
    const { own, issuer } = host("plain");
    expect([own.certificate.subject, own.certificate.trusted, issuer.scheme.shortName]).toEqual([
      "srv",
      true,
      "RSA-SHA256",
    ]);
    expect(own.certificate.until - own.certificate.from).toBe(365 * 86_400);
  });

  it("makes keys of 2048 bits unless told otherwise", async () => {
    await ntpkit(["keygen", "--autokey", at("safe"), "--host", "srv", "-q"]);
    expect(host("safe").own.certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(host("safe").own.certificate.trusted).toBe(false);
  });

  it("says of a certificate that fits into no packet that nobody can be shown it, as whoever serves by it does", async () => {
    const name = "a-host-of-some-name.example.net";
    const { code, err } = await ntpkit(["keygen", "--autokey", at("long"), "--host", name, "--modulus", "3072"]);
    expect(code).toBe(0);
    expect(err).toMatch(/takes a packet of 1492 octets, and 1472 is the most/);
    writeFileSync(at("name"), name);
    const { warnings } = (await loadAutokeyServer({ autokey: at("long"), autokeyPassword: at("name") }))!;
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/clients ask for it in vain/)]);
  });

  it("keeps the keys that are there and makes the certificate anew, trusted as it was; --force makes all anew", async () => {
    await keygen("again", "--trusted");
    const before = host("again").own.certificate;
    await keygen("again", "--lifetime", "10");
    const after = host("again").own.certificate;
    expect(after.publicKey.equals(before.publicKey)).toBe(true);
    expect([after.trusted, after.until - after.from]).toEqual([true, 864_000]);
    await keygen("again", "--force");
    const anew = host("again").own.certificate;
    expect(anew.publicKey.equals(before.publicKey)).toBe(false);
    expect(anew.trusted).toBe(false);
  });

  it("makes the parameters of a group for its servers and its clients, beside those that are there", async () => {
    const words = ["--group", "site", "--trusted", "--identity-bits", "512", "--autokey-password", at("password")];
    for (const scheme of ["iff", "gq", "mv"]) {
      const { code, err } = await keygen("group", ...words, "--identity", scheme);
      expect(code).toBe(0);
      expect(err).toContain(`under the name ntpkey_${scheme}par_site`);
    }
    const server = host("group", "lab", "site");
    expect(server.identities.map(({ scheme }) => scheme)).toEqual(["iff", "gq", "mv"]);
    expect(server.name).toBe("srv@site");
    expect(server.own.certificate.groupKey).not.toBeNull();
    expect(host("group", "lab").identities).toEqual([]);
    const clients = readGroup({ path: at("group"), password: "lab", hostname: "srv" }, "site");
    if (isFault(clients)) throw new Error(clients.fault);
    // MV's clients have a file each, and none is this host's.
    expect(clients.map(({ scheme }) => scheme)).toEqual(["iff", "gq"]);
    expect(readdirSync(at("group")).filter((name) => /MVpar1_site\.\d+$/.test(name))).toHaveLength(1);
  });

  it.each([
    ["rsa", "RSA-SHA384"],
    ["dsa", "DSA-SHA256"],
  ])("signs by a key of its own: %s", async (kind, scheme) => {
    await keygen(kind, "--sign", kind, "--scheme", scheme);
    const { issuer, own } = host(kind);
    expect([issuer.key.asymmetricKeyType, issuer.scheme.shortName]).toEqual([kind, scheme]);
    expect(own.certificate.scheme.shortName).toBe(scheme);
  });

  it("has a document that fits its schema", async () => {
    const { out } = await keygen("document", "--json");
    const document = JSON.parse(out) as { files: string[]; file: string };
    expect(violations(document, keygenSchema())).toEqual([]);
    expect(document.file).toBe(at("document"));
    expect(document.files).toHaveLength(2);
  });

  it.each([
    ["--sign rsa --scheme DSA-SHA256", /--scheme DSA-SHA256 is not for the RSA key that signs/],
    ["--sign dsa --scheme RSA-SHA1", /--scheme RSA-SHA1 is not for the DSA key that signs/],
    ["--host a/b", /--host: "a\/b" cannot be a name/],
    ["--group a@b", /--group: "a@b" cannot be a name/],
    ["--sign dsa --modulus 4096", /--modulus 4096 is too long for a DSA sign key; 3072 is the most/],
    ["--modulus 512", /out of range|1024/],
    ["--count 2", /--count/],
    ["file", /with --autokey a folder is written, and no file; leave out "file"/],
    ["--autokey-password /nonexistent", /--autokey-password: \/nonexistent cannot be read/],
  ])("is used wrongly with %s: one line, and nothing is written", async (words, said) => {
    const { code, err } = await keygen("wrong", ...words.split(" "));
    expect(code).toBe(64);
    expect(err).toMatch(said);
    expect(err.trimEnd()).not.toContain("\n");
    const left = statSync(at("wrong"), { throwIfNoEntry: false }) === undefined ? [] : readdirSync(at("wrong"));
    expect(left).toEqual([]);
  });

  it("needs --autokey for what is Autokey's", async () => {
    const { code, err } = await ntpkit(["keygen", "--trusted"]);
    expect([code, err]).toEqual([
      64,
      "ntpkit keygen: --trusted is for keys of Autokey; name their folder with --autokey\n",
    ]);
  });

  it("leaves keys alone that it cannot read, and says so", async () => {
    await keygen("locked", "--autokey-password", at("password"));
    const before = readdirSync(at("locked"));
    const { code, err } = await keygen("locked");
    expect(code).toBe(64);
    expect(err).toMatch(/ntpkey_host_srv: the private key cannot be read: perhaps the password is another/);
    expect(readdirSync(at("locked"))).toEqual(before);
  });

  it("ends with 14 where there can be no folder", async () => {
    const { code, err } = await ntpkit(["keygen", "--autokey", join(at("password"), "x")]);
    expect(code).toBe(14);
    expect(err).toMatch(/cannot make the folder/);
  });

  it("leaves no new file, and every link as it was, where one of several cannot be written", () => {
    mkdirSync(at("half"));
    mkdirSync(join(at("half"), "second"));
    writeFileSync(join(at("half"), "link"), "old");
    const fault = writeKeyTexts(at("half"), [
      { name: "first", link: "link", text: "new" },
      { name: "second", link: null, text: "in the way of it is a folder" },
    ]);
    expect(fault).toMatchObject({ path: join(at("half"), "second") });
    expect(readdirSync(at("half")).toSorted()).toEqual(["link", "second"]);
    expect(readFileSync(join(at("half"), "link"), "utf8")).toBe("old");
    chmodSync(at("half"), 0o700);
  });
});
