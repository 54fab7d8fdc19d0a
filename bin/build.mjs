/**
 * Builds what is published, into `dist/`: the library and its types, the command, the schemas of the documents as one file,
 * and the licences of what is bundled.
 */
import { rmSync } from "node:fs";
import { buildCommand } from "./build/command.mjs";
import { buildLibrary } from "./build/library.mjs";
import { place } from "./build/places.mjs";
import { writeLicences, writeSchemas } from "./build/texts.mjs";

rmSync(place("dist"), { recursive: true, force: true });
const packages = [...(await buildCommand()), ...(await buildLibrary())];
writeSchemas();
writeLicences(packages);
