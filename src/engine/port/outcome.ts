/** How a run ends: the contract's exit codes, as one table. */

/** Exit code and meaning of every outcome (CONTRACT "Exit codes"). */
export const OUTCOMES = {
  ok: { exitCode: 0, text: "done" },
  "no-reply": { exitCode: 10, text: "no server answered" },
  resolve: { exitCode: 11, text: "no name could be resolved" },
  "no-agreement": { exitCode: 12, text: "answers came, but no majority or no fit server" },
  limit: {
    exitCode: 13,
    text: "the offset is beyond the panic threshold or the largest step allowed; nothing was changed",
  },
  permission: { exitCode: 14, text: "the clock or a port may not be touched" },
  authentication: { exitCode: 15, text: "a key, MAC, NTS or Autokey failure left no usable server" },
  kiss: { exitCode: 16, text: "the servers asked us to go away" },
  deadline: { exitCode: 17, text: "the deadline passed before an answer was complete" },
  "other-daemon": { exitCode: 18, text: "another time daemon disciplines this clock" },
  usage: { exitCode: 64, text: "bad option, argument or configuration" },
  unavailable: { exitCode: 69, text: "the daemon does not speak this protocol or refused" },
  internal: { exitCode: 70, text: "a bug" },
  io: { exitCode: 74, text: "results could not be written" },
  interrupted: { exitCode: 130, text: "interrupted (SIGINT)" },
  terminated: { exitCode: 143, text: "terminated (SIGTERM)" },
} as const;

/** How a run ended. */
export type Outcome = keyof typeof OUTCOMES;
