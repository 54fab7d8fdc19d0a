/** `serve` and `run` under NTS from end to end: our own client, by real TLS and UDP on loopback, is told the time by them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/cli/demo/server.ts";
import type { Io, StopSignal } from "../../src/cli/io.ts";
import { run } from "../../src/cli/program.ts";
import { clockReader } from "../../src/host/clock.ts";
import { Certificates, type Certified } from "../support/certificates.ts";
import { ntpkit } from "../support/command.ts";

let made: Certificates;
let authority: Certified;
let good: Certified;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-serving-nts-"));
  process.env["STATE_DIRECTORY"] = folder;
  made = new Certificates();
  authority = made.make([], { authority: true });
  good = made.make(["IP:127.0.0.1"], { by: authority });
});
afterAll(() => {
  delete process.env["STATE_DIRECTORY"];
  made.end();
  rmSync(folder, { recursive: true });
});

const ENTRY = fileURLToPath(new URL("../../src/cli/entry.ts", import.meta.url));
const running: Serving[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

/** A command that goes on. */
class Serving {
  text = "";
  readonly ended: Promise<number>;
  #stop: ((signal: StopSignal) => void) | null = null;
  #heard: (() => void)[] = [];

  constructor(argv: readonly string[]) {
    const take = (text: string): void => {
      this.text += text;
      for (const heard of this.#heard.splice(0)) heard();
    };
    const sink = { write: take, isTerminal: false, columns: null };
    const io: Io = {
      out: sink,
      err: sink,
      env: {},
      onStop: (listener) => {
        this.#stop = listener;
        return () => (this.#stop = null);
      },
    };
    this.ended = run(argv, io);
    running.push(this);
  }

  /** Until it has said something. */
  async says(what: RegExp): Promise<string> {
    while (!what.test(this.text)) await new Promise<void>((heard) => this.#heard.push(heard));
    return this.text;
  }

  async stop(): Promise<number> {
    this.#stop?.("SIGTERM");
    return await this.ended;
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = await startServer({ name: "x", ahead: 0, stratum: 1, refid: "GPS" }, clockReader());
  server.close();
  return server.port;
}

/** `serve` on ports of its own; the port of key establishment. */
async function serving(
  options: readonly string[] = [],
  { file, keyFile } = good,
): Promise<{ readonly server: Serving; readonly port: number }> {
  const [time, port] = [await freePort(), await freePort()];
  const argv = ["serve", "--address", "127.0.0.1", "--port", `${time}`, "--nts-port", `${port}`, "--user", "root"];
  const server = new Serving([...argv, "--local-stratum", "4", "--nts-cert", file, "--nts-key", keyFile, ...options]);
  expect(await server.says(/answering on UDP port|warning|ntpkit serve:/)).toContain(
    `answering on UDP port ${time} of 127.0.0.1; establishing keys for NTS on TCP port ${port}; stratum 4`,
  );
  return { server, port };
}

async function asked(port: number, ca = authority): Promise<{ readonly code: number; readonly report: unknown }> {
  const { code, out } = await ntpkit(["query", "--nts", "--ca", ca.file, "--json", `127.0.0.1:${port}`]);
  return { code, report: (JSON.parse(out) as { associations: readonly unknown[] }).associations[0] };
}

const ANSWERED = { authentication: "ok", security: "nts", stratum: 4, nts: { cookies: 8 } };

describe("serve", () => {
  it("tells the time under NTS, by master keys that only its owner may read and that the next run goes on by", async () => {
    const { server, port } = await serving();
    expect(await asked(port)).toMatchObject({ code: 0, report: ANSWERED });
    expect(await server.stop()).toBe(0);
    const path = join(folder, "nts-keys");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const before = readFileSync(path, "utf8");
    const again = await serving();
    expect(await asked(again.port)).toMatchObject({ code: 0, report: ANSWERED });
    await again.server.stop();
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it("establishes keys for another server, which opens the same cookies", async () => {
    const cookies = ["--nts-cookies", join(folder, "shared-keys")];
    const time = await freePort();
    const { port } = await serving([...cookies, "--nts-server", `127.0.0.1:${time}`]);
    const [other, third] = [await freePort(), await freePort()];
    const argv = ["serve", "--address", "127.0.0.1", "--port", `${time}`, "--nts-port", `${other}`, "--user", "root"];
    const second = new Serving([
      ...argv,
      "--local-stratum",
      "5",
      ...cookies,
      "--nts-cert",
      good.file,
      "--nts-key",
      good.keyFile,
    ]);
    await second.says(/answering on UDP port/);
    const { code, report } = await asked(port);
    expect([code, report]).toMatchObject([0, { ...ANSWERED, stratum: 5, port: time, address: "127.0.0.1" }]);
    const wrong = ["ntp.example,nts", "127.0.0.1:0", "fe80::1%lo"];
    for (const server of wrong) {
      const line = [
        "serve",
        "--port",
        `${third}`,
        "--nts-cert",
        good.file,
        "--nts-key",
        good.keyFile,
        "--nts-server",
        server,
      ];
      expect((await ntpkit(line)).code, server).toBe(64);
    }
  });

  it("goes on by a new certificate at SIGHUP, and by the one it has where the new one cannot be used", async () => {
    const [file, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    copyFileSync(good.file, file);
    copyFileSync(good.keyFile, keyFile);
    const { server, port } = await serving([], { ...good, file, keyFile });
    writeFileSync(file, "hello");
    process.emit("SIGHUP");
    expect(await server.says(/warning/)).toMatch(
      /--nts-cert: .* there is no certificate in it; it goes on by the one it has/,
    );
    expect(await asked(port)).toMatchObject({ code: 0 });
    const other = made.make([], { authority: true });
    const renewed = made.make(["IP:127.0.0.1"], { by: other });
    copyFileSync(renewed.file, file);
    copyFileSync(renewed.keyFile, keyFile);
    process.emit("SIGHUP");
    expect(await asked(port, other)).toMatchObject({ code: 0, report: ANSWERED });
  });

  it("leaves a file of other content as it is, and says that keys are not kept", async () => {
    const path = join(folder, "others");
    writeFileSync(path, "mine\n");
    const [time, port] = [await freePort(), await freePort()];
    const argv = ["serve", "--address", "127.0.0.1", "--port", `${time}`, "--nts-port", `${port}`, "--user", "root"];
    const server = new Serving([...argv, "--nts-cert", good.file, "--nts-key", good.keyFile, "--nts-cookies", path]);
    expect(await server.says(/answering/)).toContain(
      `warning: the master keys of cookies are not kept in ${path}: it is no file of master keys`,
    );
    await server.stop();
    expect(readFileSync(path, "utf8")).toBe("mine\n");
  });

  it.runIf(process.getuid?.() === 0)("says what it cannot take anew once it has given up root", async () => {
    const [time, port, keys] = [await freePort(), await freePort(), join(folder, "own", "keys")];
    const at = ["--local-stratum", "4", "--address", "127.0.0.1", "--port", `${time}`, "--nts-port", `${port}`];
    const under = ["--nts-cert", good.file, "--nts-key", good.keyFile, "--nts-cookies", keys];
    // A process of its own: who has given up root has it no more.
    const child = spawn(process.execPath, ["--import", "tsx", ENTRY, "serve", ...at, ...under]);
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    await once(child, "close");
    expect(err).toContain(
      `warning: ${good.keyFile}: nobody may not read it, so that a new one is taken by a restart only; --user names another\n`,
    );
    expect(err).toContain(
      `warning: ${keys}: nobody may not write there, so that new master keys of cookies are not kept`,
    );
  });

  it("says of a certificate that has expired that nobody will believe it", async () => {
    const { file, keyFile } = made.make(["IP:127.0.0.1"], { by: authority, from: -9, until: -2 });
    const ports = ["--port", `${await freePort()}`, "--address", "127.0.0.1", "--nts-port", `${await freePort()}`];
    const argv = ["serve", "--local-stratum", "5", "--user", "root", ...ports];
    const server = new Serving([...argv, "--nts-cert", file, "--nts-key", keyFile]);
    expect(await server.says(/answering/)).toMatch(
      /warning: \S+: by this host's clock this certificate has expired on \S+: clients will not believe it\n/,
    );
  });

  it.each([
    ["a certificate alone", () => ["--nts-cert", good.file], /--nts-cert needs its key; add --nts-key FILE/],
    ["a key alone", () => ["--nts-key", good.keyFile], /--nts-key needs a certificate; add --nts-cert FILE/],
    ["a port alone", () => ["--nts-port", "4461"], /--nts-port is for answering under NTS/],
    ["the key of another", () => ["--nts-cert", good.file, "--nts-key", authority.keyFile], /cannot be used: .*key/],
    [
      "no such file",
      () => ["--nts-cert", "/no/such", "--nts-key", good.keyFile],
      /--nts-cert: \/no\/such cannot be read/,
    ],
  ])("refuses %s", async (_what, words, said) => {
    const { code, err } = await ntpkit(["serve", "--port", "11927", ...words()]);
    expect([code, err]).toEqual([64, expect.stringMatching(said)]);
  });

  it("is for another name a port that is taken", async () => {
    const { port } = await serving();
    const argv = ["--port", `${await freePort()}`, "--address", "127.0.0.1", "--nts-port", `${port}`];
    const { code, err } = await ntpkit(["serve", ...argv, "--nts-cert", good.file, "--nts-key", good.keyFile]);
    expect([code, err]).toEqual([
      14,
      `ntpkit serve: TCP port ${port} for NTS cannot be had: the port is in use; name another with --nts-port\n`,
    ]);
  });
});

describe("run", () => {
  it("tells the time under NTS, begins when it is told to and can, and ends when it is told to", async () => {
    const [time, port] = [await freePort(), await freePort()];
    const path = join(folder, "ntp.conf");
    const write = (...lines: readonly string[]): void =>
      writeFileSync(path, `${["server 127.127.1.0", "fudge 127.127.1.0 stratum 3", ...lines].join("\n")}\n`);
    const nts = (file: string): string => `nts enable cert ${file} key ${good.keyFile} port ${port}`;
    write(nts("/no/such"));
    const daemon = new Serving(["run", "--no-clock", "-c", path, "--port", `${time}`]);
    expect(await daemon.says(/listening|answering/)).toMatch(
      /nts cert: \/no\/such cannot be read.*nobody is answered under NTS/,
    );
    write(nts(good.file));
    process.emit("SIGHUP");
    await daemon.says(new RegExp(`keys for NTS are established at TCP port ${port}`));
    expect(await asked(port)).toMatchObject({ code: 0, report: ANSWERED });
    // Keys are established where the time is told, and nowhere else.
    write("interface ignore 127.0.0.1", nts(good.file));
    process.emit("SIGHUP");
    await daemon.says(/read anew/);
    expect(await asked(port)).toMatchObject({ code: 10, report: { nts: { fault: expect.anything() } } });
    write();
    process.emit("SIGHUP");
    await daemon.says(/associations stay/);
    // The cookies that it was given last open no more, and keys are not to be had.
    expect(await asked(port)).toMatchObject({ code: 15, report: { nts: { fault: { name: "refused" } } } });
  });
});
