/** What is drawn in place: that it goes away whole, wherever the cursor stands. */
import { expect, it } from "vitest";
import { drawLive } from "../../src/cli/live.ts";

it("is wiped away from the first column, though the terminal has echoed ^C behind it", () => {
  const screen = new Screen();
  const live = drawLive({ isTerminal: true, columns: 40, write: (text) => screen.write(text) }, () => ["one", "two"]);
  screen.write("^C");
  live.stop();
  screen.write("the report\n");
  expect(screen.text).toBe("the report");
});

/** A terminal that knows what `drawLive` uses. */
class Screen {
  readonly #rows: string[] = [""];
  #row = 0;
  #column = 0;

  get text(): string {
    return this.#rows.join("\n").trimEnd();
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex
    for (const [piece, rows] of text.matchAll(/\u001b\[(\d+)[AJ]|[^]/g)) {
      if (piece.endsWith("A") && rows !== undefined) this.#row -= Number(rows);
      else if (piece.endsWith("J") && rows !== undefined) this.#erase();
      else if (piece === "\r") this.#column = 0;
      else if (piece === "\n") this.#feed();
      else this.#put(piece);
    }
  }

  #erase(): void {
    this.#rows[this.#row] = this.#rows[this.#row]!.slice(0, this.#column);
    this.#rows.length = this.#row + 1;
  }

  #feed(): void {
    this.#column = 0;
    this.#row += 1;
    this.#rows[this.#row] ??= "";
  }

  #put(character: string): void {
    const line = this.#rows[this.#row]!.padEnd(this.#column);
    this.#rows[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }
}
