/** What commands load at their start: nothing of the simulator, and no TLS, which few runs need and all would wait for. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const TOP = fileURLToPath(new URL("../../", import.meta.url));

/** Every module that a module loads at once, Node's own and libraries by their names: imports of types alone are none. */
function loadedBy(path: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  if (!existsSync(path)) return seen;
  const statements = readFileSync(path, "utf8").matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gm);
  for (const [, from] of statements) loadedBy(from!.startsWith(".") ? join(dirname(path), from!) : from!, seen);
  return seen;
}

const MODULES = [
  "entry",
  "program",
  "commands",
  "once",
  "now",
  "check",
  "peers",
  "run",
  "find",
  "serve",
  "demo",
  "watch",
];

describe.each(MODULES)("cli/%s.ts", (module) => {
  const loaded = [...loadedBy(`${TOP}src/cli/${module}.ts`)];

  it("loads no simulator", () => {
    expect(loaded.length).toBeGreaterThan(1);
    expect(loaded.filter((path) => /\/src\/(sim|simulate)\//.test(path))).toEqual([]);
  });

  // Sockets are libc's, and nearly no run asks Node's for the route.
  if (module !== "demo")
    it("loads no sockets of Node's", () => {
      expect(loaded.filter((path) => path === "node:dgram")).toEqual([]);
    });

  it("loads no TLS", () => {
    expect(
      loaded.filter((path) => ["node:tls", "node:https", "@noble/ciphers"].some((name) => path.startsWith(name))),
    ).toEqual([]);
  });
});

it("those who need them load them", () => {
  expect([...loadedBy(`${TOP}src/cli/simulate.ts`)].some((path) => path.includes("/src/sim/"))).toBe(true);
  expect([...loadedBy(`${TOP}src/host/ntske.ts`)]).toContain("node:tls");
});

it("nobody imports a module of Node's when it is needed: the bundle is a script, which cannot", () => {
  const files = readdirSync(`${TOP}src`, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => readFileSync(`${TOP}src/${file}`, "utf8").includes('import("node:'))).toEqual([]);
});
