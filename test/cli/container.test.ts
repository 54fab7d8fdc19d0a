/** The Containerfile: what it copies is what the Debian package installs, and the image starts what the command has. Building it needs a registry. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { OFFERS } from "../../src/cli/options/offers.ts";
import { ntpkit } from "../support/command.ts";

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const LINES = text("Containerfile")
  .replaceAll(/\\\n/g, " ")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

function wordsOf(instruction: string): readonly string[] {
  const line = LINES.findLast((one) => one.startsWith(`${instruction} `))!;
  return JSON.parse(line.slice(instruction.length + 1)) as string[];
}

it("unpacks the package under the name and the processor that pack:deb gives it", () => {
  const [, name] = /release\/([\w.${}-]+\.deb)/.exec(LINES.join("\n"))!;
  expect(name).toBe("ntpkit_${VERSION}_${TARGETARCH}.deb");
  // As the packer spells it.
  expect(text("bin/pack/deb.mjs")).toContain("release/ntpkit_${version}_${architecture}.deb");
  expect(text("bin/pack/deb.mjs")).toContain('x64: "amd64", arm64: "arm64"');
});

it("has nothing in its layers but what a command needs: no package, manual, unit or user of the package", () => {
  const last = LINES.slice(LINES.findLastIndex((line) => line.startsWith("FROM ")));
  expect(last.filter((line) => line.startsWith("COPY"))).toEqual(["COPY --from=unpacked /unpacked/ /"]);
  for (const left of ["usr/share", "usr/lib/systemd", "usr/lib/sysusers.d"])
    expect(LINES.join("\n")).toContain(`/unpacked/${left}`);
  // The program is what its name leads to.
  expect(text("bin/pack/deb.mjs")).toContain('link("../lib/ntpkit/ntpkit", `${root}usr/bin/ntpkit`)');
});

it("begins as the daemon, which gives up root and may write its state", async () => {
  expect(wordsOf("ENTRYPOINT")).toEqual(["ntpkit"]);
  const [command, ...options] = wordsOf("CMD");
  expect(Object.keys(OFFERS)).toContain(command);
  const { code, err } = await ntpkit([command!, ...options, "--check", "--config", "/dev/null"]);
  expect([code, err]).toEqual([0, expect.not.stringContaining("unknown option")]);
  const [, folder] = /^ENV STATE_DIRECTORY=(\S+)$/m.exec(LINES.join("\n"))!;
  expect(LINES).toContain(`VOLUME ${folder}`);
  expect(LINES.join("\n")).toContain(`install -d -o nobody -g nogroup -m 0700 ${folder}`);
});
