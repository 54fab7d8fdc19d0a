/** OpenMetrics over HTTP, on a loopback address only: nobody else may read what is told there. */
import { createServer } from "node:http";
import { literalFamily } from "../../config/literal.ts";
import { UsageError } from "../../config/usage.ts";
import { parseInteger } from "../../config/values.ts";
import { portOf } from "../../host/tcpport.ts";
import { OPENMETRICS } from "../../view/metrics.ts";
import { isLoopback } from "../../wire/address.ts";

/** Where metrics are given. */
export interface MetricsAddress {
  /** A loopback IP literal. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/**
 * Reads `--metrics [HOST:]PORT`.
 * @throws UsageError, also for an address that others can reach
 */
export function parseMetricsAddress(text: string): MetricsAddress {
  const match = /^(?:\[([^\]]*)\]:|([^:]*):)?([^:]*)$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "127.0.0.1";
  if (match === null)
    throw new UsageError(`--metrics: "${text}" is not an address`, "write PORT, 127.0.0.1:PORT or [::1]:PORT");
  const ip = host === "localhost" ? "127.0.0.1" : host;
  if (literalFamily(ip) === 0 || !isLoopback(ip))
    throw new UsageError(`--metrics: "${host}" is not a loopback address`, "a proxy may give them to others");
  return { host: ip, port: parseInteger(match[3]!, "--metrics, port", 0, 65_535) };
}

/** A server of metrics. */
export interface MetricsServer {
  readonly port: number;
  close(): void;
}

/**
 * Starts giving metrics.
 * @param text makes them anew for each request
 * @throws UsageError when the address cannot be had
 */
export async function serveMetrics({ host, port }: MetricsAddress, text: () => string): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0];
    if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405, { allow: "GET, HEAD" }).end();
    else if (path !== "/metrics")
      response.writeHead(404, { "content-type": "text/plain" }).end("metrics are at /metrics\n");
    else response.writeHead(200, { "content-type": OPENMETRICS }).end(text());
  });
  await new Promise<void>((done, failed) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      failed(new UsageError(`--metrics: ${host}:${port} cannot be had: ${error.code ?? error.message}`)),
    );
    server.listen(port, host, done);
  });
  server.on("error", () => {
    // A connection that could not be accepted is the reader's loss.
  });
  return {
    port: portOf(server, port),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
