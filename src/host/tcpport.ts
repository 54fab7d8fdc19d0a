/** The port that a TCP server has got. */
import type { Server } from "node:net";

/**
 * Asks the system.
 * @param asked the port that was asked for; it counts where a sandbox does not let the system be asked
 */
export function portOf(server: Server, asked: number): number {
  try {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : asked;
  } catch {
    return asked;
  }
}
