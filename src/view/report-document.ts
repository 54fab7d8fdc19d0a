/** What `report` says of the page that it has made. */
import type { Collection } from "../report/collection.ts";
import { unixToIso } from "../time/timestamp.ts";
import { head, type Head } from "./daemon-document.ts";
import { documentSchema, instant, integer, list, maybe, record, text, type Schema } from "./schema.ts";

/** The document of `report`. */
export interface ReportDocument extends Head {
  /** Where the page is. */
  readonly output: string;
  /** What it is of, ISO 8601 UTC. */
  readonly from: string | null;
  readonly until: string | null;
  readonly rows: number;
  readonly servers: readonly string[];
  /** What was left out. */
  readonly left: {
    readonly repeated: number;
    readonly foreign: number;
    readonly broken: number;
    readonly surplus: number;
  };
}

/** The document. */
export function reportDocument(
  { from, until, rows, servers, repeated, unread, surplus }: Collection,
  output: string,
): ReportDocument {
  return {
    ...head("report", null),
    output,
    from: iso(from),
    until: iso(until),
    rows,
    servers: [...servers.keys()],
    left: { repeated, ...unread, surplus },
  };
}

/** To the millisecond, as most of what is read has it: further digits would be the rounding's. */
function iso(seconds: number): string | null {
  return unixToIso(BigInt(Math.round(seconds * 1e3)) * 1_000_000n);
}

/** The schema of the document of `report`. */
export function reportSchema(): Schema {
  return documentSchema<ReportDocument>("report", {
    output: { ...text, description: "where the page is" },
    from: maybe(instant),
    until: maybe(instant),
    rows: integer(0),
    servers: list(text),
    left: record<ReportDocument["left"]>({
      repeated: integer(0),
      foreign: integer(0),
      broken: integer(0),
      surplus: integer(0),
    }),
  });
}
