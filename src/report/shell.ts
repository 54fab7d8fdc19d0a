/**
 * What every page has: it stands by itself, with no other file, and is the same without its script, which zooms; light and dark as
 * whoever reads it likes, and in print.
 */
import type { Seconds } from "../time/seconds.ts";
import { STYLE } from "./style.ts";
import { escaped } from "./svg.ts";
import { POLICY, ZOOM } from "./zoom.ts";

/** A page. */
export interface Page {
  readonly title: string;
  /** What it is of. */
  readonly intro: string;
  /** HTML. */
  readonly parts: readonly string[];
  /** Seconds after which whoever looks at it has it loaded again; `null`: it stays as it is. */
  readonly again: Seconds | null;
}

/** The page as a document. */
export function htmlPage({ title, intro, parts, again }: Page): string {
  const refresh = again === null ? "" : `<meta http-equiv="refresh" content="${Math.ceil(again)}">`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">${refresh}
<title>${escaped(title)}</title><style>${STYLE}</style></head><body><main>
<h1>${escaped(title)}</h1><p>${escaped(intro)}</p>
${KEYS}
${parts.join("\n")}
</main><script>${ZOOM}</script></body></html>
`;
}

/**
 * A part of a page.
 * @param text HTML
 * @param body HTML; `""`: there is no such part
 */
export function section(title: string, text: string, body: string): string {
  return body === "" ? "" : `<section><h2>${title}</h2>${text === "" ? "" : `<p>${text}</p>`}${body}</section>`;
}

/** Text in rows, the first of which are heads. */
export function tableOf([heads = [], ...rows]: readonly (readonly string[])[]): string {
  const head = heads.map((word) => `<th scope="col">${escaped(word)}</th>`).join("");
  const body = rows.map(
    ([name = "", ...cells]) =>
      `<tr><th scope="row">${escaped(name)}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`,
  );
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

/** Shown by the script, without which it is not true. */
const KEYS = `<p id="keys" hidden>Drag across a plot to see more of less, double-click to see all; or, on the plot that has the focus, <kbd>+</kbd> <kbd>-</kbd> <kbd>←</kbd> <kbd>→</kbd> <kbd>0</kbd>. <output id="said"></output></p>`;
