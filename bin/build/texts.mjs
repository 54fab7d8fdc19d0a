/** What is published beside programs: the schemas of the documents, and the licences of what is bundled. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { place } from "./places.mjs";

/** All schemas as one, which any document fits that fits its own: each says by its `schema` which it is. */
export function writeSchemas() {
  const names = readdirSync(place("schemas")).map((name) => name.replace(/\.json$/, ""));
  const defs = names.map((name) => [name, JSON.parse(readFileSync(place(`schemas/${name}.json`), "utf8"))]);
  const all = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Any document that ntpkit prints",
    anyOf: names.map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries(defs),
  };
  writeFileSync(place("dist/schemas.json"), `${JSON.stringify(all)}\n`);
}

/** Whose code is in the bundles, and by which licence: each asks for its notice to go along. */
export function writeLicences(packages) {
  const notices = [...new Set(packages)].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(place(`${folder}/package.json`), "utf8"));
    const file = readdirSync(place(folder)).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} has no licence`);
    return `${name} ${version} (${license})\n\n${readFileSync(place(`${folder}/${file}`), "utf8").trim()}\n`;
  });
  writeFileSync(place("dist/LICENCES.txt"), notices.join(`\n${"-".repeat(72)}\n\n`));
}
