/** What the loader of the built command knows of how that is installed; from source there is none. See `bin/load.js` and `bin/exe.js`. */

/** It is handed to the bundled chunks in place of `import.meta`. */
interface Loader {
  /** The code of a thread that runs worlds. */
  readonly thread?: string;
  /** Whether the command is an executable by itself, so that there is no Node that could run another program. */
  readonly isAlone?: boolean;
  /**
   * A file that is installed with the command, by its path from the top.
   * @throws what the system says where there is none
   */
  readonly text?: (path: string) => string;
}

/** That of this run. */
export const LOADER: Loader = import.meta as ImportMeta & Loader;
