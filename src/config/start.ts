/** What a daemon refuses before it starts, though every line by itself can be read. */
import type { Configuration } from "./ntpconf/configuration.ts";
import { accessOf } from "./serving.ts";
import { guarded, UsageError, type OnFault } from "./usage.ts";

/**
 * Checks a configuration as a whole.
 * @param onFault takes what is wrong; `null`: the first fault is thrown
 * @throws UsageError with file:line:column
 */
export function checkStart(configuration: Configuration, onFault: OnFault | null): void {
  for (const line of configuration.restrict) guarded(onFault, () => accessOf([line], new Map()));
  for (const fault of keylessFaults(configuration))
    guarded(onFault, () => {
      throw fault;
    });
}

/** Who is to be authenticated where there are no keys. */
export function keylessFaults({ keys, associations }: Configuration): readonly UsageError[] {
  if (keys !== null) return [];
  return associations
    .filter(({ key }) => key !== null)
    .map(
      ({ name, key, at }) =>
        new UsageError(
          `${name} is to be authenticated by key ${key!}, but there is no key file`,
          "name it with keys FILE",
          at,
        ),
    );
}
