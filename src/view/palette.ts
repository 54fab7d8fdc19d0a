/** Colours by what they mean. Views take a palette; whoever prints decides whether it colours anything. */

/** Colours one piece of text. */
type Paint = (text: string) => string;

/** What a colour can say. */
export interface Palette {
  readonly heading: Paint;
  readonly good: Paint;
  readonly doubtful: Paint;
  readonly bad: Paint;
  readonly faint: Paint;
  readonly strong: Paint;
}

const same: Paint = (text) => text;

/** No colours. */
export const PLAIN: Palette = { heading: same, good: same, doubtful: same, bad: same, faint: same, strong: same };
