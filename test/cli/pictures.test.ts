/** The README's pictures: what a terminal shows becomes an SVG that says the same. */
import { expect, it } from "vitest";
import { pictures } from "../../src/cli/pictures/scenes.ts";
import { PAINTED, terminalPicture } from "../../src/cli/pictures/terminal.ts";

/** The pieces of text of a picture: column, row, columns, colour, words. */
function pieces(svg: string): readonly (readonly [number, number, number, string, string])[] {
  return [
    ...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"(?: class="(\w+)")?>([^<]*)<\/text>/g),
  ].map(([, x, y, length, ink, text]) => [
    (Number(x) - 14) / 8,
    Math.floor((Number(y) - 14) / 18),
    Number(length) / 8,
    ink ?? "",
    text!.replaceAll("&lt;", "<").replaceAll("&amp;", "&"),
  ]);
}

it("places each run of one colour at its column, and breaks what is longer than the screen", () => {
  const text = `a  ${PAINTED.bad("b c")}  d\n${PAINTED.good("one two three four five")}`;
  expect(pieces(terminalPicture({ title: "t", command: "x", text, width: 16 }))).toEqual([
    [0, 0, 3, "strong", "$ x"],
    [0, 1, 1, "", "a"],
    [3, 1, 3, "bad", "b c"],
    [8, 1, 1, "", "d"],
    [0, 2, 13, "good", "one two three"],
    [2, 3, 9, "good", "four five"],
  ]);
});

it("escapes what a server's name may hold", () => {
  const svg = terminalPicture({ title: "<t>", command: "&", text: '</text><script>"\u0007', width: 80 });
  expect(svg).toContain("&lt;/text&gt;&lt;script&gt;&quot;</text>");
  expect(svg).toContain("<title>&lt;t&gt;</title>");
  expect(svg.match(/<(?!\/?(?:svg|title|style|rect|text)[ >/])/g)).toBeNull();
  expect(svg).not.toContain("\u0007");
});

it("draws the same pictures each time, each within its screen", () => {
  const drawn = [...pictures()];
  expect([...pictures()]).toEqual(drawn);
  expect(drawn.map(([path]) => path)).toEqual(
    ["sync", "explain", "watch", "report"].map((name) => `man/pictures/${name}.svg`),
  );
  for (const [path, svg] of drawn)
    for (const [column, , length, , text] of pieces(svg))
      expect([path, text, column + length <= 88]).toEqual([path, text, true]);
  const said = drawn.map(([, svg]) =>
    pieces(svg)
      .map(([, , , , text]) => text)
      .join("\n"),
  );
  expect(said[0]).toContain("3 of 5 servers agree; stepped");
  expect(said[1]).toContain("its time disagrees with the majority");
  expect(said[2]).toContain("(lost): the server is not synchronized");
  expect(drawn[3]![1]).toMatch(/class="v2".*class="v0"/s);
  expect(drawn[3]![1]).not.toMatch(/NaN|undefined/);
  for (const tag of drawn[3]![1].match(/<[^>]*>/g)!) expect(tag).toMatch(/^<(?:\/\w+|\w+(?: [\w:-]+="[^"<]*")*\/?)>$/);
});
