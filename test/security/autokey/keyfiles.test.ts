/** Key files as ntp-keygen 4.2.8p15 left them, and what is said of those that cannot be used. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Credentials } from "../../../src/security/autokey/credentials.ts";
import { isFault, readGroup, readHost } from "../../../src/security/autokey/folder.ts";
import { iffAnswer, iffChallenge, isIffProof } from "../../../src/security/autokey/identity/iff.ts";
import { readGroupFile } from "../../../src/security/autokey/identity/files.ts";
import { KeyFileFault, readKeyFile } from "../../../src/security/autokey/keyfiles.ts";
import { keyFile, usableIff } from "../../support/autokey.ts";

const fixtures = (path: string): string => fileURLToPath(new URL(`../../fixtures/autokey/${path}`, import.meta.url));
const server = keyFile("i11", "s", "ntpkey_iffkey_srv");
const client = keyFile("i11", "c", "ntpkey_iffpar_srv");

/** The same as PKCS#8 has it. */
const LOST = `-----BEGIN PRIVATE KEY-----
MIGzAgEAMIGoBgcqhkjOOAQBMIGcAkEAqDGxYJ0wESz547dbvm8wpnYXe0WUw7dJ
Z6G9YPTl9PwofLCqRB3f7xcvlWKgoc0AivWgtZ2Jwf55dT0asivitwIVAI5tKT4+
ZvCI3/g72PLogUkscmJpAkAG+IQkhrE7phDItSiEBVHnhqh+h6lSKZIArr8jxIzJ
KxdE1kElkryG8TcoT01S9HeoJXSHpVeFOHksU2Of1PRrBAMCAQE=
-----END PRIVATE KEY-----`;

/** What is said of a file. */
function faultOf(read: unknown): string | null {
  return read instanceof KeyFileFault ? read.message : null;
}

describe("IFF parameters", () => {
  it("of a server's PKCS#8 file have their public value reckoned again: the same as in the client's traditional file", () => {
    const ofServer = usableIff(server, "srvpw");
    const ofClient = usableIff(client, "");
    expect(ofServer).toEqual({ ...ofClient, secret: ofServer.secret });
    expect(ofClient.secret).toBeNull();
    expect(ofServer.secret).toBeGreaterThan(1n);
  });

  it("prove and are proved, and only by the secret", () => {
    const ofServer = usableIff(server, "srvpw");
    const ofClient = usableIff(client, "");
    const random = (length: number): Uint8Array => new Uint8Array(length).fill(0x5a);
    const challenge = iffChallenge(ofClient, random);
    const answer = iffAnswer(ofServer, challenge, random)!;
    expect(isIffProof(ofClient, challenge, answer)).toBe(true);
    expect(isIffProof(ofClient, Uint8Array.of(...challenge.subarray(1), 0), answer)).toBe(false);
    expect(iffAnswer(ofClient, challenge, random)).toBeNull();
  });

  it("that a client's PKCS#8 file has lost are named as such", () => {
    const lost = keyFile("i11", "c", "ntpkey_iffpar_srv").replace(/-----BEGIN[^]*/, LOST);
    expect(faultOf(readGroupFile("iff", lost, ""))).toMatch(/has lost its public value, as all that ntp-keygen writes/);
  });
});

describe("a key file", () => {
  it.each([
    ["", /its first line does not end with when it was made/],
    ["# nothing.1", /there is no private key in it/],
    [server.replace(/^#[^\n]*\n/, "# no stamp\n"), /its first line does not end with when it was made/],
    [server, /cannot be read: perhaps the password is another/],
    [client.replace(/^M/m, "!"), /^the private key cannot be read$/],
  ])("%#: what is wrong with it is said", (text, said) => {
    expect(faultOf(readKeyFile(text, "guess"))).toMatch(said);
  });

  it("of a host has no IFF parameters", () => {
    expect(faultOf(readGroupFile("iff", keyFile("i1", "c", "ntpkey_host_cli"), "clipw"))).toMatch(
      /has no IFF parameters/,
    );
  });
});

describe("a folder of keys", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ntpkit-autokey-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("has the keys of its only host, or of this one", () => {
    const read = readHost({ path: fixtures("i1/c"), password: "clipw", hostname: "here" }, "md5");
    expect(read).toBeInstanceOf(Credentials);
    expect((read as Credentials).name).toBe("cli");
    const named = readHost({ path: fixtures("i11/s"), password: "srvpw", hostname: "srv" }, "md5");
    expect((named as Credentials).status & 0x20).toBe(0x20);
  });

  it("says what is wrong, and with which file", () => {
    const at = (path: string, password: string | null = "clipw") => ({ path, password, hostname: "here" });
    expect(readHost(at("/nonexistent"), "md5")).toEqual({ path: "/nonexistent", fault: "no such file or directory" });
    expect(readHost(at(folder), "md5")).toEqual({ path: folder, fault: "there is no ntpkey_host_here in it" });
    // Without a password the host's name is taken, as ntpd does.
    expect(readHost(at(fixtures("i1/c"), null), "md5")).toMatchObject({ fault: expect.stringMatching(/password/) });
    copyFileSync(fixtures("i1/c/ntpkey_host_cli"), join(folder, "ntpkey_host_cli"));
    expect(readHost(at(folder), "md5")).toEqual({
      path: join(folder, "ntpkey_cert_cli"),
      fault: "no such file or directory",
    });
    copyFileSync(fixtures("i1/s/ntpkey_cert_srv"), join(folder, "ntpkey_cert_cli"));
    expect(readHost(at(folder), "md5")).toMatchObject({ fault: "the certificate is of another key" });
    writeFileSync(join(folder, "ntpkey_host_other"), "");
    expect(readHost(at(folder), "md5")).toMatchObject({ fault: expect.stringMatching(/keys of several hosts/) });
  });

  it("has a group's parameters in the clients' file, or in the servers'", () => {
    const ofClient = readGroup({ path: fixtures("i11/c"), password: "clipw", hostname: "here" }, "srv");
    const ofServer = readGroup({ path: fixtures("i11/s"), password: "srvpw", hostname: "here" }, "srv");
    expect(isFault(ofClient) || isFault(ofServer)).toBe(false);
    expect(readGroup({ path: folder, password: null, hostname: "here" }, "srv")).toEqual({
      path: join(folder, "ntpkey_iffpar_srv"),
      fault: "it is not there",
    });
  });
});
