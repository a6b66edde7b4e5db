// Creates the HTTP server: Node's own, with bounds on what a client can make it keep in memory.
import type { RequestListener, Server, ServerOptions, ServerResponse } from "node:http";
import { limitConnections } from "./connection-limit.ts";
import { handleInOrder } from "./pipelining.ts";
import { UnreadResponses } from "./unread-responses.ts";

interface HttpServerOptions extends ServerOptions {
  /** Maximum number of open connections: see {@link limitConnections}. */
  maxConnections: number;
  /** Closes a connection whose client reads nothing of its response for this long, in milliseconds. */
  sendTimeoutMs: number;
}

// Importing node:http would also load all of fetch(): 20 ms and 5 MB.
const { createServer } = process.getBuiltinModule("node:http");

/** Creates a server that does not listen yet. */
export function httpServer(options: HttpServerOptions, handle: RequestListener): Server {
  const { maxConnections, sendTimeoutMs, ...nodeOptions } = options;
  const unread = new UnreadResponses({ sendTimeoutMs });
  function handedOver(this: ServerResponse): void {
    unread.handedOver(this);
  }
  const listener: RequestListener = (request, response) => {
    response.on("prefinish", handedOver);
    handle(request, response);
  };
  const server = createServer(
    // Keeps both values of a header that may occur only once, so that the request can be refused.
    { ...nodeOptions, joinDuplicateHeaders: true },
    handleInOrder(listener, (socket) => unread.close(socket, "pipelined")),
  );
  limitConnections(server, maxConnections);
  unread.watch(server);
  return server;
}
