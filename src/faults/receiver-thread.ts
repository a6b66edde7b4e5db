// The thread of receiver.ts: an HTTP server whose path says how it answers. Posts its port once it listens.
import { createServer, type ServerResponse } from "node:http";
import { parentPort } from "node:worker_threads";

/** As long as a service nearby takes. */
const fastMs = 20;
/** Between SLOW_REQUEST_MS (1 s) and OUTBOUND_TIMEOUT_MS (1.5 s): the call succeeds, but its request is slow. */
const slowMs = 1200;
/** Longer than any caller waits. Then the connection is closed, so that abandoned ones do not pile up. */
const neverMs = 60_000;

const server = createServer((request, response) => {
  request.resume().once("end", () => answer(response, request.url?.slice(1)));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") parentPort?.postMessage(address?.port);
});

function answer(response: ServerResponse, way: string | undefined): void {
  if (way === "error") response.writeHead(500).end();
  else if (way === "slow") later(response, slowMs, () => response.end());
  else if (way === "never") later(response, neverMs, () => response.destroy());
  else later(response, fastMs, () => response.end());
}

/** Runs `action` after `ms`, unless the caller has disconnected. */
function later(response: ServerResponse, ms: number, action: () => void): void {
  const timer = setTimeout(action, ms);
  response.once("close", () => clearTimeout(timer));
}
