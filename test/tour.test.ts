/** The tours of the source and of the tests name only files that there are. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname } from "node:path";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Files and folders a line names, as code or as links; a name without a folder is in one that the line names before it. */
function missing(line: string, room: string): string[] {
  const folders: string[] = [];
  return [...line.matchAll(/`([\w./-]+(?:\.ts|\/))`|\]\(([\w./-]+)\)/g)].flatMap(([, code, link]) => {
    const name = (code ?? link)!;
    const found = ["", ...folders].find((folder) => existsSync(`${root}/${room}/${folder}${name}`));
    const path = `${found ?? ""}${name}`;
    folders.unshift(path.endsWith("/") ? path : `${dirname(path)}/`);
    return found === undefined && !existsSync(`${root}/${name}`) ? [name] : [];
  });
}

it.each(["src", "test"])("of %s", (room) => {
  const lines = readFileSync(`${root}/${room}/README.md`, "utf8").split("\n");
  expect(lines.flatMap((line) => missing(line, room))).toEqual([]);
});
