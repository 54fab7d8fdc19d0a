/** Where the state lives. */
import { expect, it } from "vitest";
import { statePath, type Surroundings } from "../../src/state/place.ts";

const user: Surroundings = { env: {}, user: 1000, home: "/home/ann", isWritable: () => false };

it.each<[string, Partial<Surroundings>, string]>([
  ["a service's own folder", { env: { STATE_DIRECTORY: "/run/state" }, user: 0 }, "/run/state/state.json"],
  ["the first of several", { env: { STATE_DIRECTORY: "/run/a:/run/b" } }, "/run/a/state.json"],
  ["an empty one counts for nothing", { env: { STATE_DIRECTORY: "" } }, "/home/ann/.local/state/ntpkit/state.json"],
  ["root", { user: 0 }, "/var/lib/ntpkit/state.json"],
  ["whoever may write there", { isWritable: (folder) => folder === "/var/lib/ntpkit" }, "/var/lib/ntpkit/state.json"],
  ["a user", {}, "/home/ann/.local/state/ntpkit/state.json"],
  ["a user with a place of their own", { env: { XDG_STATE_HOME: "/home/ann/s" } }, "/home/ann/s/ntpkit/state.json"],
  ["not a relative one", { env: { XDG_STATE_HOME: "s" } }, "/home/ann/.local/state/ntpkit/state.json"],
])("%s", (_whose, different, path) => {
  expect(statePath({ ...user, ...different })).toBe(path);
});
