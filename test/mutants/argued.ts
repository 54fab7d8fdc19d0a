/** Mutants that may live, by their names as `npm run mutants` prints them, each with the reason: nobody could tell them from what stands there. */
export const ARGUED: Readonly<Record<string, string>> = {};
