// Receives the webhooks of automations in development. Three hooks misbehave on purpose, so that the dashboards can show a slow, a
// failing and a hanging dependency without breaking anything.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** Between SLOW_REQUEST_MS (1 s) and OUTBOUND_TIMEOUT_MS (1.5 s): a request that succeeds but is slow. */
const slowMs = 1_200;
/** Longer than any caller waits. Then the connection is closed, so that abandoned ones do not pile up. */
const hangingMs = 60_000;
const bodyLimitBytes = 64 * 1024;

const { WEBHOOK_HOST: host = "127.0.0.1", WEBHOOK_PORT: port = "9000" } = process.env;

function answer(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Runs after the whole body has arrived. Hooks without an entry respond with 200 at once. */
const misbehaving: Readonly<Record<string, (response: ServerResponse) => void>> = {
  slow(response) {
    later(response, slowMs, () => answer(response, 200, { received: "slow" }));
  },
  failing(response) {
    answer(response, 500, { error: "this hook always fails" });
  },
  hanging(response) {
    later(response, hangingMs, () => response.destroy());
  },
};

/** Runs `action` after `ms`, unless the caller has disconnected. */
function later(response: ServerResponse, ms: number, action: () => void): void {
  const timer = setTimeout(action, ms);
  response.once("close", () => clearTimeout(timer));
}

/** Discards the body, then calls `done`, or responds with 413 to a body over the limit. */
function receive(request: IncomingMessage, response: ServerResponse, done: () => void): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) {
      answer(response, 413, { error: `the body is over ${bodyLimitBytes} bytes` }, { connection: "close" });
    }
  });
  request.on("end", () => {
    if (bytes <= bodyLimitBytes) done();
  });
}

const server = createServer((request, response) => {
  const path = (request.url ?? "/").split("?", 1)[0];
  const hook = /^\/hooks\/([^/]+)$/.exec(path ?? "")?.[1];
  if (path === "/healthz") return answer(response, 200, { status: "ok" });
  if (!hook) return answer(response, 404, { error: "POST to /hooks/{name}" });
  if (request.method !== "POST") return answer(response, 405, { error: "hooks take POST" }, { allow: "POST" });
  return receive(request, response, () => {
    if (Object.hasOwn(misbehaving, hook)) misbehaving[hook]?.(response);
    else answer(response, 200, { received: hook });
  });
});

function quit(message: string): never {
  console.error(message);
  process.exit(1);
}

if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
  quit(`WEBHOOK_PORT is "${port}": it takes a port from 1 to 65535, or 0 for any free one`);
}

server.once("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EADDRINUSE") quit(`WEBHOOK_PORT: ${port} on ${host} is taken, set WEBHOOK_PORT to a free port`);
  quit(`WEBHOOK_HOST, WEBHOOK_PORT: cannot listen on ${host}:${port} (${error.code ?? error.message})`);
});

server.listen(Number(port), host, () => {
  const address = server.address();
  const bound = typeof address === "object" && address ? address.port : port;
  console.log(`webhook receiver: listening on http://${host}:${bound}/hooks`);
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    // Closes hanging connections too, which would keep the process alive for a minute.
    server.closeAllConnections();
  });
}
