/** `adopt`: what of other daemons' files becomes ours, what is said of the rest, and that theirs stay as they are. */
import {
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
