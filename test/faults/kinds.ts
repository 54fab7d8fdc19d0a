/** The files that are written while somebody may fail, and what is in them before and after. */
import { encodeMemory } from "../../src/state/memory.ts";

/** What the state is to remember. */
export const KISS = { ip: "192.0.2.2", port: 123, code: "DENY", at: "2026-01-02T00:00:00.000Z" };
const OLD_KISS = { ip: "192.0.2.1", port: 123, code: "RSTR", at: "2026-01-01T00:00:00.000Z" };

/** One kind. */
export interface Kind {
  readonly name: string;
  /** `null`: there is no file. */
  readonly before: string | null;
  readonly after: string;
}

/** Every kind. */
export const KINDS: readonly Kind[] = [
  {
    name: "state",
    before: encodeMemory({ kisses: [OLD_KISS], stored: null, keys: [] }),
    after: encodeMemory({ kisses: [OLD_KISS, KISS], stored: null, keys: [] }),
  },
  { name: "drift", before: "1.000000\n", after: "2.000000\n" },
  { name: "keys", before: "1 SHA1 old\n", after: "2 SHA1 new\n" },
  { name: "new keys", before: null, after: "2 SHA1 new\n" },
  { name: "figures", before: "old 1\n", after: "" },
  { name: "log", before: "the first line\n", after: "the first line\nthe second line\n" },
];
