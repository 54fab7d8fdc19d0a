/** What packing needs of the system. */
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";

/**
 * Runs a program.
 * @returns what it prints
 * @throws Error when it fails, with what it says
 */
export function must(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    ...options,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** A port of loopback that is free. */
export async function freePort() {
  const socket = createSocket("udp4");
  await new Promise((bound) => socket.bind(0, "127.0.0.1", bound));
  const { port } = socket.address();
  await new Promise((closed) => socket.close(closed));
  return port;
}
