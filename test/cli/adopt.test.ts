/** `adopt`: what of other daemons' files becomes ours, what is said of the rest, and that theirs stay as they are. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfiguration } from "../../src/config/files.ts";
import { adoptSchema } from "../../src/view/adopt-document.ts";
import { ntpkit, type Ran } from "../support/command.ts";
import { violations } from "../support/schema.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ntpkit-adopt-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function enable(unit: string, target = "multi-user"): void {
  const link = join(root, `etc/systemd/system/${target}.target.wants/${unit}.service`);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(`/lib/systemd/system/${unit}.service`, link);
}

function adopt(...words: readonly string[]): Promise<Ran> {
  return ntpkit(["adopt", "--root", root, ...words]);
}

function written(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Every file of the machine with what is in it and when it was changed. */
function machine(): ReadonlyMap<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(root, name), { throwIfNoEntry: false })?.isFile(),
  );
  return new Map(names.map((name) => [name, `${statSync(join(root, name)).mtimeMs} ${written(name)}`]));
}

const NTPSEC = `driftfile /var/lib/ntpsec/ntp.drift
leapfile /usr/share/zoneinfo/leap-seconds.list
tos maxclock 11
tos minclock 4 minsane 3
pool 0.example.net iburst
restrict default kod nomodify noquery limited
restrict 127.0.0.1
restrict ::1
`;

const DAEMONS: readonly (readonly [
  daemon: string,
  files: Readonly<Record<string, string>>,
  lines: readonly string[],
  lost: RegExp | null,
])[] = [
  [
    "ntpsec",
    { "etc/ntpsec/ntp.conf": NTPSEC, "var/lib/ntpsec/ntp.drift": "-7.25\n" },
    ["driftfile /var/lib/ntpkit/drift", "pool 0.example.net iburst", "tos minclock 4 minsane 3"],
    null,
  ],
  [
    "ntpd",
    {
      "etc/ntp.conf":
        'statsdir "/var/log/ntpstats/"\nkeys /etc/ntp/keys # ours\nlogfile /var/log/ntp.log\nserver a.example.net key 7 iburst\nincludefile ntp/more.conf\nfrobnicate all\n',
      "etc/ntp/keys": "7 SHA1 0123456789abcdef0123456789abcdef01234567\n",
      "etc/ntp/more.conf": "server b.example.net iburst\ndriftfile /var/lib/ntp/drift\n",
      "var/lib/ntp/drift": "-7.25\n",
    },
    [
      "statsdir /var/log/ntpkit/",
      "keys /etc/ntpkit.keys",
      "logfile /var/log/ntpkit/ntpkit.log",
      "# From /etc/ntp/more.conf",
      "server b.example.net iburst",
      "driftfile /var/lib/ntpkit/drift",
      '# frobnicate all   (unknown command "frobnicate")',
    ],
    /lost: "frobnicate all" is left out: unknown command/,
  ],
  [
    "chrony",
    {
      "etc/chrony/chrony.conf":
        "confdir /etc/chrony/conf.d\nsourcedir /etc/chrony/sources.d\nkeyfile /etc/chrony/chrony.keys\ndriftfile /var/lib/chrony/chrony.drift\nlogdir /var/log/chrony\nmakestep 1 3\n",
      "etc/chrony/conf.d/10.conf": "server a.example.net iburst key 5\n",
      "etc/chrony/sources.d/site.sources": "pool b.example.net iburst maxsources 3\n",
      "etc/chrony/chrony.keys": "5 SHA1 HEX:0123456789ABCDEF0123456789ABCDEF01234567\n",
      // chrony says by how much the clock is fast, ntpd how it is corrected.
      "var/lib/chrony/chrony.drift": "            7.250000             0.031000\n",
    },
    ["server a.example.net iburst key 5", "keys /etc/ntpkit.keys chrony", "driftfile /var/lib/ntpkit/drift"],
    /lost: \/etc\/chrony\/chrony\.conf:6:1: the clock may be stepped at any time/,
  ],
  [
    "ntpd-rs",
    {
      "etc/ntpd-rs/ntp.toml":
        '[observability]\nlog-level = "info"\n[[source]]\nmode = "pool"\naddress = "a.example.net"\ncount = 4\n[[source]]\nmode = "server"\naddress = "b.example.net"\n',
    },
    ["server b.example.net"],
    null,
  ],
  [
    "openntpd",
    { "etc/openntpd/ntpd.conf": "servers a.example.net\nserver b.example.net\n" },
    ["server b.example.net"],
    null,
  ],
  [
    "timesyncd",
    {
      "etc/systemd/timesyncd.conf": "[Time]\n#NTP=\n",
      "etc/systemd/timesyncd.conf.d/site.conf": "[Time]\nNTP=a.example.net b.example.net\n",
    },
    ["server a.example.net", "server b.example.net"],
    null,
  ],
];

describe.each(DAEMONS)("of %s", (daemon, files, lines, lost) => {
  beforeEach(() => {
    for (const [path, text] of Object.entries(files)) put(path, text);
  });

  it("prints what would be written, and writes nothing", async () => {
    const before = machine();
    const { code, out, err } = await adopt();
    expect(code).toBe(0);
    for (const line of lines) expect(out.split("\n").map((one) => one.slice(0, line.length))).toContain(line);
    if (lost !== null) expect(err).toMatch(lost);
    expect(err).toContain("nothing was written; --write does");
    expect(machine()).toEqual(before);
  });

  it("writes what a daemon starts with, and leaves the other's files as they are", async () => {
    const before = machine();
    expect(await adopt("--write")).toMatchObject({ code: 0, out: "" });
    const { configuration, remarks } = loadConfiguration(join(root, "etc/ntpkit.conf"), true);
    expect(configuration.associations.length).toBeGreaterThan(0);
    expect(remarks.filter(({ text }) => text.includes("unknown"))).toEqual([]);
    for (const [name, was] of before) expect(machine().get(name)).toBe(was);
    // Whatever a daemon writes is not the other's.
    const text = written("etc/ntpkit.conf").replaceAll(/^#.*$/gm, "");
    expect(text).not.toMatch(
      /^(driftfile|statsdir|logfile|keys|pidfile) \/(?!etc\/ntpkit|var\/lib\/ntpkit|var\/log\/ntpkit)/m,
    );
    const drift = Object.keys(files).some((path) => path.endsWith("drift"));
    expect(existsSync(join(root, "var/lib/ntpkit/drift"))).toBe(drift);
    if (drift) expect(Number(written("var/lib/ntpkit/drift"))).toBe(-7.25);
  });

  it("has a document that fits its schema", async () => {
    for (const words of [[], ["--write"]]) {
      const { out } = await adopt("--json", ...words);
      const document = JSON.parse(out);
      expect(violations(document, adoptSchema())).toEqual([]);
      expect(document).toMatchObject({ ok: true, taken: daemon, written: words.length > 0 });
    }
  });
});

describe("what is there already", () => {
  it("stays without --force, and is kept beside with it", async () => {
    put("etc/ntpsec/ntp.conf", NTPSEC);
    put("etc/ntpkit.conf", "server mine.example.net\n");
    const before = machine();
    const refused = await adopt("--write");
    expect(refused.code).toBe(64);
    expect(refused.err).toContain("/etc/ntpkit.conf exists already, and nothing was written");
    expect(machine()).toEqual(before);
    expect((await adopt("--write", "--force")).err).toContain("what was there is /etc/ntpkit.conf.old now");
    expect(written("etc/ntpkit.conf.old")).toBe("server mine.example.net\n");
    expect(written("etc/ntpkit.conf")).toContain("pool 0.example.net iburst");
    // Once more: what somebody wrote by hand is not lost for that.
    expect((await adopt("--write", "--force")).err).toContain("what was there is /etc/ntpkit.conf.old.2 now");
    expect(written("etc/ntpkit.conf.old")).toBe("server mine.example.net\n");
  });

  it("is looked for below a folder that is there", async () => {
    const { code, err } = await ntpkit(["adopt", "--root", join(root, "nowhere")]);
    expect([code, err]).toEqual([64, expect.stringContaining("there is no folder")]);
  });

  it("takes over Autokey with what has a like here, says what is lost, and keeps its password for root", async () => {
    const asks = "server a.example.net autokey ident g iburst";
    const crypto = "crypto host me pw secret digest SHA256 randfile /r";
    put(
      "etc/ntp.conf",
      [crypto, "keysdir /etc/ntp/crypto", "ident g", asks, "pool p.example.net autokey", ""].join("\n"),
    );
    const { code, out, err } = await ntpkit(["adopt", "--root", root]);
    expect(code).toBe(0);
    for (const line of [crypto, "keysdir /etc/ntp/crypto", "ident g", asks]) expect(out.split("\n")).toContain(line);
    expect(err).toMatch(/randfile.*has no effect/);
    expect(err).toMatch(/pool p\.example\.net autokey/);
    expect(err).toMatch(/Autokey's keys stay in \/etc\/ntp\/crypto/);
    await ntpkit(["adopt", "--root", root, "--write"]);
    expect(statSync(join(root, "etc/ntpkit.conf")).mode & 0o777).toBe(0o600);
  });

  it("keeps the password for root where the line that has it is left out, and stays as a comment", async () => {
    put("etc/ntp.conf", "server a.example.net\ncrypto pw secret digest NOSUCH\n");
    await ntpkit(["adopt", "--root", root, "--write"]);
    expect(written("etc/ntpkit.conf")).toMatch(/^# crypto pw secret/m);
    expect(statSync(join(root, "etc/ntpkit.conf")).mode & 0o777).toBe(0o600);
  });

  it("keeps keys for root, and for the group of the package", async () => {
    put("etc/ntp.conf", "keys /etc/ntp.keys\ntrustedkey 7\nserver a.example.net key 7\n");
    put("etc/ntp.keys", "7 SHA1 0123456789abcdef0123456789abcdef01234567\n");
    await adopt("--write");
    expect(statSync(join(root, "etc/ntpkit.keys")).mode & 0o777).toBe(0o600);
    expect(written("etc/ntpkit.keys")).toBe(written("etc/ntp.keys"));
    put("etc/group", "root:x:0:\nntpkit:x:987:\n");
    await adopt("--write", "--force");
    expect(statSync(join(root, "etc/ntpkit.keys"))).toMatchObject({ uid: 0, gid: 987 });
    expect(statSync(join(root, "etc/ntpkit.keys")).mode & 0o777).toBe(0o640);
    expect(statSync(join(root, "etc/ntpkit.conf")).mode & 0o777).toBe(0o644);
  });
});

describe("of several daemons", () => {
  it("takes the one that is enabled, and names the others", async () => {
    put("etc/ntpsec/ntp.conf", NTPSEC);
    put("etc/chrony/chrony.conf", "server c.example.net\n");
    put("etc/systemd/timesyncd.conf", "[Time]\nNTP=t.example.net\n");
    expect(JSON.parse((await adopt("--json")).out)).toMatchObject({ taken: "ntpsec" });
    enable("systemd-timesyncd", "sysinit");
    expect(JSON.parse((await adopt("--json")).out)).toMatchObject({ taken: "timesyncd" });
    enable("chrony");
    const { out, err } = await adopt();
    expect(out).toContain("server c.example.net");
    expect(err).toContain("ntpsec is configured, too, by /etc/ntpsec/ntp.conf, and was left out: ntpkit adopt ntpsec");
    expect((await adopt("timesyncd")).out).toContain("server t.example.net");
  });

  it.each([
    [[], 64, /no time daemon is configured below .*looked for ntpsec, ntpd/],
    [["chrony"], 64, /chrony is not configured below/],
    [["chorny"], 64, /no daemon "chorny" is known; did you mean "chrony"\?/],
  ] as const)("refuses %j where there is nothing", async (words, code, said) => {
    const ran = await adopt(...words);
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(said);
  });

  it("follows no link out of the root", async () => {
    const outside = join(root, "..", `${root.split("/").pop()!}-outside`);
    writeFileSync(outside, "server secret.example.net\n");
    try {
      mkdirSync(join(root, "etc"));
      symlinkSync(outside, join(root, "etc/ntp.conf"));
      const { code, err, out } = await adopt();
      expect([code, out]).toEqual([64, ""]);
      expect(err).toContain("cannot read /etc/ntp.conf: it leads out of the root");
    } finally {
      rmSync(outside);
    }
  });
});

/** As somebody who is not root. */
async function asNobody(act: () => Promise<Ran>): Promise<Ran> {
  if (process.geteuid?.() !== 0) return await act();
  process.seteuid!(65_534);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}

describe("writing all or nothing", () => {
  const FORCED = ["--write", "--force"] as const;
  let elsewhere = "";

  beforeEach(() => {
    elsewhere = mkdtempSync(join(tmpdir(), "ntpkit-elsewhere-"));
    put("etc/ntp.conf", "driftfile /var/lib/ntp/drift\nkeys /etc/ntp.keys\nserver a.example.net\n");
    put("etc/ntp.keys", "7 SHA1 0123456789abcdef0123456789abcdef01234567\n");
    put("var/lib/ntp/drift", "-7.25\n");
  });

  afterEach(() => {
    rmSync(elsewhere, { recursive: true, force: true });
  });

  it.each(["var/lib/ntpkit", "var/lib"])("does not follow %s out of the root", async (link) => {
    if (link === "var/lib") put("etc/ntp.conf", "driftfile /etc/drift\nserver a.example.net\n");
    put("etc/drift", "-7.25\n");
    rmSync(join(root, link), { recursive: true, force: true });
    symlinkSync(elsewhere, join(root, link));
    writeFileSync(join(elsewhere, "drift"), "1\n");
    for (const words of [["--write"], FORCED]) {
      const { code, err } = await adopt(...words);
      expect([code, err]).toEqual([64, expect.stringContaining(`/${link}: it leads out of the root`)]);
    }
    expect(readdirSync(elsewhere)).toEqual(["drift"]);
    expect(readFileSync(join(elsewhere, "drift"), "utf8")).toBe("1\n");
    expect(existsSync(join(root, "etc/ntpkit.conf"))).toBe(false);
  });

  it("follows a link that stays in the root", async () => {
    mkdirSync(join(root, "data"));
    symlinkSync("../../data", join(root, "var/lib/ntpkit"));
    expect((await adopt("--write")).code).toBe(0);
    expect(Number(written("data/drift"))).toBe(-7.25);
  });

  it("leaves what was there where a folder is a file", async () => {
    put("var/lib/ntpkit", "");
    put("etc/ntpkit.conf", "server mine.example.net\n");
    const before = machine();
    const { code, err } = await adopt(...FORCED);
    expect([code, err]).toEqual([64, expect.stringContaining("/var/lib/ntpkit is not a folder")]);
    expect(machine()).toEqual(before);
  });

  // Only root makes files of two owners.
  it.skipIf(process.geteuid?.() !== 0)("puts back what it had moved where a later file cannot be written", async () => {
    put("etc/ntpkit.conf", "server mine.example.net\n");
    put("etc/ntpkit.keys", "1 MD5 mine\n");
    mkdirSync(join(root, "var/lib/ntpkit"));
    // Everybody may make files there, and move what is his: the keys, not the configuration.
    for (const folder of ["", "var/lib/ntpkit"]) chmodSync(join(root, folder), 0o777);
    chmodSync(join(root, "etc"), 0o1777);
    chownSync(join(root, "etc/ntpkit.keys"), 65_534, 65_534);
    const before = machine();
    const { code, err } = await asNobody(() => adopt(...FORCED));
    expect([code, err]).toEqual([
      14,
      expect.stringMatching(
        /cannot write \/etc\/ntpkit\.conf: operation not permitted; everything is as it was; be root/,
      ),
    ]);
    expect(machine()).toEqual(before);
  });

  it("moves nothing before all is written", async () => {
    put("etc/ntpkit.conf", "server mine.example.net\n");
    mkdirSync(join(root, "var/lib/ntpkit"));
    for (const folder of ["", "etc"]) chmodSync(join(root, folder), 0o777);
    const before = machine();
    const { code, err } = await asNobody(() => adopt(...FORCED));
    expect([code, err]).toEqual([
      14,
      expect.stringContaining("cannot write /var/lib/ntpkit/drift: permission denied; nothing was written; be root"),
    ]);
    expect(machine()).toEqual(before);
  });

  it("is no matter of permission where the system cannot", async () => {
    mkdirSync(join(root, "var/lib/ntpkit"));
    // In place of a full disk: a draft that is a folder.
    mkdirSync(join(root, `var/lib/ntpkit/drift.${process.pid}.new/x`), { recursive: true });
    const { code, err } = await adopt("--write");
    expect([code, err]).toEqual([74, expect.stringContaining("cannot write /var/lib/ntpkit/drift: ")]);
    expect(err).not.toContain("be root");
    expect(existsSync(join(root, "etc/ntpkit.conf"))).toBe(false);
  });
});

describe("what cannot be looked into", () => {
  it("is lost, where it is the other's frequency", async () => {
    put("etc/ntp.conf", "driftfile /var/lib/ntp/drift\nserver a.example.net\n");
    put("var/lib/ntp/drift", "-7.25\n");
    chmodSync(root, 0o755);
    chmodSync(join(root, "var/lib/ntp"), 0);
    const { code, out, err } = await asNobody(() => adopt());
    chmodSync(join(root, "var/lib/ntp"), 0o700);
    expect([code, out]).toEqual([0, expect.stringContaining("server a.example.net")]);
    expect(err).toContain("lost: /var/lib/ntp/drift: the frequency cannot be read: permission denied");
  });

  it("is named, where it is the configuration's folder", async () => {
    put("etc/chrony/chrony.conf", "server a.example.net\n");
    chmodSync(root, 0o755);
    chmodSync(join(root, "etc/chrony"), 0);
    const { code, err } = await asNobody(() => adopt());
    chmodSync(join(root, "etc/chrony"), 0o700);
    expect([code, err]).toEqual([
      64,
      expect.stringContaining("cannot read /etc/chrony/chrony.conf: permission denied"),
    ]);
  });

  it("is named, where it is what we would write to", async () => {
    put("etc/ntp.conf", "driftfile /etc/drift\nserver a.example.net\n");
    put("etc/drift", "-7.25\n");
    put("var/lib/ntpkit/drift", "1\n");
    for (const folder of ["", "etc"]) chmodSync(join(root, folder), 0o777);
    chmodSync(join(root, "var/lib/ntpkit"), 0);
    const { code, err } = await asNobody(() => adopt("--write", "--force"));
    chmodSync(join(root, "var/lib/ntpkit"), 0o700);
    expect([code, err]).toEqual([14, expect.stringContaining("cannot write /var/lib/ntpkit/drift: permission denied")]);
  });

  it("is refused as root of a machine", async () => {
    put("file", "");
    symlinkSync("loop", join(root, "loop"));
    for (const [name, said] of [
      ["file", "there is no folder"],
      ["loop", "too many symbolic links"],
    ] as const) {
      const { code, err } = await ntpkit(["adopt", "--root", join(root, name)]);
      expect([code, err]).toEqual([64, expect.stringContaining(said)]);
    }
  });

  it("is lost, where links go in circles", async () => {
    put("etc/ntp.conf", "driftfile /var/lib/loop/drift\nserver a.example.net\n");
    mkdirSync(join(root, "var/lib"), { recursive: true });
    symlinkSync("loop", join(root, "var/lib/loop"));
    const { code, err } = await adopt();
    expect([code, err]).toEqual([0, expect.stringMatching(/lost: \/var\/lib\/loop\/drift: .*too many symbolic links/)]);
  });
});

describe("what a daemon would refuse", () => {
  it("is left out and told, the lines with a key where there is no key file", async () => {
    put("etc/ntp.conf", "server a.example.net key 7\nserver b.example.net\nserver c.example.net key 8\n");
    const { code, err } = await adopt("--write");
    expect(code).toBe(0);
    for (const name of ["a", "c"])
      expect(err).toMatch(new RegExp(`lost: "server ${name}.example.net key .*" is left out: .*there is no key file`));
    expect(await ntpkit(["run", "--check", "-c", join(root, "etc/ntpkit.conf")])).toMatchObject({ code: 0 });
  });

  it("is left out and told, an access list about nothing", async () => {
    put("etc/ntp.conf", "server b.example.net\nrestrict 1.2.3 ignore\n");
    expect((await adopt("--write")).err).toContain(
      'lost: "restrict 1.2.3 ignore" is left out: "restrict 1.2.3" is not about an address',
    );
    expect(await ntpkit(["run", "--check", "-c", join(root, "etc/ntpkit.conf")])).toMatchObject({ code: 0 });
  });
});

describe("--quiet", () => {
  it("prints the configuration, in which what is lost stands, and tells nothing", async () => {
    put("etc/ntp.conf", "server a.example.net\nfrobnicate all\n");
    const { out, err } = await adopt("-q");
    expect([out, err]).toEqual([(await adopt()).out, ""]);
    expect(out).toContain("frobnicate all");
    expect(await adopt("-q", "--write")).toMatchObject({ code: 0, out: "", err: "" });
  });
});
