/** Autokey in the daemon: `crypto` and `keysdir`, what is said of keys that cannot be used or that others may read, and new keys under way. */
import { chmodSync, cpSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DaemonAutokey } from "../../src/cli/daemon/autokey.ts";
import { Log } from "../../src/cli/daemon/log.ts";
import { loadConfiguration } from "../../src/config/files.ts";
import type { Configuration } from "../../src/config/ntpconf/configuration.ts";
import { configSchema } from "../../src/view/run-schema.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-run-autokey-"));
  cpSync(fileURLToPath(new URL("../fixtures/autokey/i11/c", import.meta.url)), join(folder, "keys"), {
    recursive: true,
  });
  for (const name of ["cert_cli", "host_cli", "iffpar_srv"]) chmodSync(join(folder, "keys", `ntpkey_${name}`), 0o600);
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(...lines: readonly string[]): string {
  const path = join(folder, "ntp.conf");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function configuration(...lines: readonly string[]): Configuration {
  return loadConfiguration(file(...lines), true, undefined, null, "asked").configuration;
}

const CRYPTO = "crypto host cli pw clipw";
const keysdir = (): string => `keysdir ${folder}/keys`;

interface Checked {
  readonly autokey: object | null;
  readonly broadcastClient: { readonly autokey?: object };
  readonly associations: readonly { readonly autokey?: object }[];
  readonly remarks: readonly { readonly text: string; readonly line: number }[];
}

async function check(...lines: readonly string[]): Promise<Checked> {
  const { code, out } = await ntpkit(["run", "--check", "-c", file(...lines)]);
  expect(code).toBe(0);
  expect(violations(JSON.parse(out), configSchema())).toEqual([]);
  return JSON.parse(out) as Checked;
}

describe("run --check", () => {
  it("knows Autokey where the file has crypto, before or behind the lines that ask for it", async () => {
    const asks = ["server 192.0.2.1 autokey ident srv", "server 192.0.2.2 autokey"];
    const said = [keysdir(), `${CRYPTO} digest SHA256`, "ident srv", "broadcastclient autokey"];
    for (const lines of [
      [...asks, ...said],
      [...said, ...asks],
    ]) {
      const { autokey, associations, remarks, broadcastClient } = await check(...lines);
      const keysFolder = join(folder, "keys");
      expect(autokey).toEqual({ keysFolder, host: "cli", ident: null, digest: "sha256", idents: ["srv"] });
      expect(broadcastClient.autokey).toEqual({ ident: null });
      expect(associations.map((one) => one.autokey)).toEqual([{ ident: "srv" }, { ident: null }]);
      expect(remarks).toEqual([]);
    }
  });

  it("leaves out who asks for it where there is none", async () => {
    const { autokey, associations, remarks } = await check("server 192.0.2.1 autokey", keysdir());
    expect([autokey, associations]).toEqual([null, []]);
    expect(remarks[0]).toMatchObject({
      line: 1,
      text: expect.stringMatching(/asks for Autokey, and is not asked without/),
    });
  });

  it.each([
    ["crypto host other pw clipw", /there is no ntpkey_host_other in it/],
    ["crypto host cli pw guess", /the private key cannot be read: perhaps the password is another/],
    ["crypto host cli pw clipw ident nobody", null],
  ])("says what is wrong with the keys of: %s", async (line, said) => {
    const { remarks } = await check(line, keysdir());
    if (said === null) expect(remarks).toEqual([]);
    else expect(remarks).toMatchObject([{ line: 1, text: expect.stringMatching(said) }]);
    // The place is told beside it.
    for (const { text } of remarks) expect(text).not.toMatch(/:1:1: /);
  });

  it("says of a group whose parameters are not there, and of a private key that everybody may read", async () => {
    const missing = await check(CRYPTO, keysdir(), "server 192.0.2.1 autokey ident nobody");
    expect(missing.remarks).toMatchObject([{ text: expect.stringMatching(/ntpkey_iffpar_nobody: it is not there/) }]);
    chmodSync(join(folder, "keys/ntpkey_host_cli"), 0o644);
    const { remarks } = await check(CRYPTO, keysdir());
    expect(remarks).toMatchObject([
      { text: expect.stringMatching(/ntpkey_host_cli: everybody on this host may read this key/) },
    ]);
  });

  it("tells of words of crypto that have no effect, and of digests that are none", async () => {
    const { remarks } = await check(`${CRYPTO} randfile /r leap /l cert c sign s`, keysdir());
    const told = remarks.map(({ text }) => /"(\w+)" has no effect/.exec(text)?.[1]).filter((one) => one !== undefined);
    expect(told).toEqual(["randfile", "leap", "cert", "sign"]);
    const { code, err } = await ntpkit(["run", "--check", "-c", file("crypto digest MD2", keysdir())]);
    expect(code).toBe(64);
    expect(err).toMatch(/:1:15: /);
  });
});

describe("a daemon's Autokey", () => {
  function daemon(): { readonly autokey: DaemonAutokey; readonly said: () => string } {
    let said = "";
    const write = (text: string): void => void (said += text);
    const log = new Log({ write, isTerminal: false, columns: null }, { verbose: false, quiet: false, format: "text" });
    return { autokey: new DaemonAutokey({}, log), said: () => said };
  }

  it("is not spoken where nobody asks for it, and then seals and answers nothing", async () => {
    const { autokey, said } = daemon();
    await autokey.load(configuration("server 192.0.2.1"));
    expect([autokey.isSpoken, said()]).toEqual([false, ""]);
    expect(autokey.make("192.0.2.1", null).seal(new Uint8Array(48)).kind).toBe("unsealed");
  });

  it("asks and answers by the keys of the folder, and says what that is worth, and who may read them", async () => {
    chmodSync(join(folder, "keys/ntpkey_host_cli"), 0o644);
    const { autokey, said } = daemon();
    await autokey.load(configuration(CRYPTO, keysdir()));
    expect(autokey.isSpoken).toBe(true);
    expect(said()).toMatch(/it is weak, and NTS is the way to go/);
    expect(said()).toMatch(/ntpkey_host_cli: everybody on this host may read this key/);
    const security = autokey.make("192.0.2.1", null);
    security.dancing!.face("192.0.2.2");
    expect(security.seal(new Uint8Array(48)).kind).toBe("sealed");
  });

  it("goes on by the keys that it has where new ones cannot be used, and says so", async () => {
    const { autokey, said } = daemon();
    await autokey.load(configuration(CRYPTO, keysdir()));
    writeFileSync(join(folder, "keys/ntpkey_cert_cli"), "no certificate");
    await autokey.renew(configuration(CRYPTO, keysdir()));
    expect(autokey.isSpoken).toBe(true);
    expect(said()).toMatch(/ntpkey_cert_cli: .*; Autokey goes on by the keys that it has/);
  });

  it("lets whoever was asked by keys that were read anew begin again", async () => {
    const { autokey } = daemon();
    await autokey.load(configuration(CRYPTO, keysdir()));
    const { dancing } = autokey.make("192.0.2.1", null);
    expect([await autokey.renew(configuration(CRYPTO, keysdir())), dancing!.isOutdated]).toEqual([false, false]);
    utimesSync(join(folder, "keys/ntpkey_cert_cli"), new Date(0), new Date(0));
    expect([await autokey.renew(configuration(CRYPTO, keysdir())), dancing!.isOutdated]).toEqual([true, true]);
    expect(autokey.make("192.0.2.1", null).dancing!.isOutdated).toBe(false);
  });

  it("does not begin where the keys cannot be used", async () => {
    const { autokey } = daemon();
    const lines = configuration("crypto host cli pw guess", keysdir());
    await expect(autokey.load(lines)).rejects.toThrow(/crypto: .*ntpkey_host_cli: the private key cannot be read/);
  });
});
