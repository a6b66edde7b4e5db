// Receives the calls for all callers on one host, at `/good`, `/slow` and `/failing`.
import { once } from "node:events";
import { createServer } from "node:http";
import { addressOf } from "../support/helper.ts";

const slowMs = 1350;

export async function startReceiver() {
  const server = createServer((request, response) => {
    request.resume();
    response.statusCode = request.url === "/failing" ? 500 : 200;
    if (request.url === "/slow") setTimeout(() => response.end(), slowMs);
    else response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: addressOf(server.address()),
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}
