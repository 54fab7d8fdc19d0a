/** Files that are written by a name somebody gave: no link is followed that another user could have placed. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  constants,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claimInstance } from "../../src/host/instance.ts";
import { appendOwn, openOwn } from "../../src/host/ownfile.ts";

const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;

let folder = "";
let secret = "";
let target = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-ownfile-"));
  secret = join(folder, "secret");
  writeFileSync(secret, "keep\n");
  mkdirSync(join(folder, "logs"));
  target = join(folder, "logs", "log");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Lets others write in the folder: every one, or every one his own. */
function open(mode: number): void {
  chmodSync(join(folder, "logs"), mode);
}

describe.skipIf(process.platform === "win32")("a file to write", () => {
  it("is made where there is none, and added to where there is one", () => {
    appendOwn(target, "one\n");
    appendOwn(target, "two\n");
    expect(readFileSync(target, "utf8")).toBe("one\ntwo\n");
  });

  it("may be behind a link of ours where nobody else could have placed one", () => {
    symlinkSync(secret, target);
    appendOwn(target, "more\n");
    expect(readFileSync(secret, "utf8")).toBe("keep\nmore\n");
  });

  it("may be behind a link of ours where everybody removes his own only", () => {
    open(0o1777);
    symlinkSync(secret, target);
    appendOwn(target, "more\n");
    expect(readFileSync(secret, "utf8")).toBe("keep\nmore\n");
  });

  it.each([0o777, 0o775])("is refused behind a link in a folder of mode %o", (mode) => {
    open(mode);
    symlinkSync(secret, target);
    expect(() => appendOwn(target, "more\n")).toThrow("it is a link that another user could have placed");
    expect(readFileSync(secret, "utf8")).toBe("keep\n");
  });

  it.runIf(isRoot)("is refused behind another user's link, though he removes his own only", () => {
    open(0o1777);
    symlinkSync(secret, target);
    lchownSync(target, NOBODY, NOBODY);
    // Linux refuses it itself where fs.protected_symlinks is set.
    expect(() => appendOwn(target, "more\n")).toThrow(/could have placed|EACCES/);
    expect(readFileSync(secret, "utf8")).toBe("keep\n");
  });

  it.runIf(isRoot)("is refused behind any link in another user's folder, where a file is taken", () => {
    lchownSync(join(folder, "logs"), NOBODY, NOBODY);
    symlinkSync(secret, target);
    expect(() => appendOwn(target, "more\n")).toThrow("could have placed");
    rmSync(target);
    appendOwn(target, "more\n");
    expect([readFileSync(target, "utf8"), readFileSync(secret, "utf8")]).toEqual(["more\n", "keep\n"]);
  });

  it("is refused under a second name that another user could have made", () => {
    open(0o777);
    linkSync(secret, target);
    expect(() => appendOwn(target, "more\n")).toThrow("it has a second name");
    expect(readFileSync(secret, "utf8")).toBe("keep\n");
  });

  it("is refused behind a link that leads nowhere, and nothing is made there", () => {
    open(0o777);
    symlinkSync(join(folder, "made"), target);
    expect(() => appendOwn(target, "more\n")).toThrow("could have placed");
    expect(() => readFileSync(join(folder, "made"))).toThrow("ENOENT");
  });

  it("is not waited for where it is a pipe that nobody reads", () => {
    execFileSync("mkfifo", [target]);
    expect(() => openOwn(target, constants.O_WRONLY | constants.O_APPEND)).toThrow("ENXIO");
  });
});

describe.skipIf(process.platform === "win32")("the pid file", () => {
  it("is not written through another's link, nor into what is no file", () => {
    open(0o777);
    symlinkSync(secret, target);
    expect(claimInstance(target)).toMatchObject({ kind: "failed", why: expect.stringContaining("could have placed") });
    expect(readFileSync(secret, "utf8")).toBe("keep\n");
    rmSync(target);
    execFileSync("mkfifo", [target]);
    expect(claimInstance(target)).toMatchObject({ kind: "failed", why: "it is not a regular file" });
  });

  it.runIf(isRoot && process.platform === "linux")(
    "on a full file system locks all the same, and says that it is empty",
    () => {
      const module = fileURLToPath(new URL("../../src/host/instance.ts", import.meta.url));
      const program = `import { claimInstance } from ${JSON.stringify(module)};
      const one = claimInstance(process.argv[1]);
      console.log(JSON.stringify([one.unwritten, claimInstance(process.argv[1]).kind]));`;
      const shell = `mount -t tmpfs -o size=4k tmpfs "$1" && { head -c 8192 /dev/zero > "$1/fill"; "$2" --import tsx --input-type=module -e "$3" "$1/pid"; }`;
      const { stdout, stderr } = spawnSync(
        "unshare",
        ["-m", "sh", "-c", shell, "sh", join(folder, "logs"), process.execPath, program],
        { encoding: "utf8", cwd: fileURLToPath(new URL("../..", import.meta.url)) },
      );
      expect(stderr).not.toContain("Error");
      expect(JSON.parse(stdout)).toEqual(["ENOSPC", "running"]);
    },
  );
});
