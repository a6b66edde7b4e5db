// The server that the service listens with: Node's own, with bounds on what a client can make it keep.
import type { RequestListener, Server, ServerOptions, ServerResponse } from "node:http";
import { limitConnections } from "./connection-limit.ts";
import { oneByOne } from "./one-by-one.ts";
import { UnreadAnswers } from "./unread-answers.ts";

interface HttpServerOptions extends ServerOptions {
  /** Most open connections: see {@link limitConnections}. */
  maxConnections: number;
  /** A connection whose client reads nothing of its answer for this long is closed, in milliseconds. */
  sendTimeoutMs: number;
}

// Importing node:http would load all of fetch() too: 20 ms and 5 MB.
const { createServer } = process.getBuiltinModule("node:http");

/** A server that does not listen yet. */
export function httpServer(options: HttpServerOptions, handle: RequestListener): Server {
  const { maxConnections, sendTimeoutMs, ...ofNode } = options;
  const unread = new UnreadAnswers({ sendTimeoutMs });
  function handedOver(this: ServerResponse): void {
    unread.handedOver(this);
  }
  const listener: RequestListener = (request, response) => {
    response.on("prefinish", handedOver);
    handle(request, response);
  };
  const server = createServer(
    // A header that may come once and comes twice is seen to be wrong, instead of one value being dropped.
    { ...ofNode, joinDuplicateHeaders: true },
    oneByOne(listener, (socket) => unread.end(socket, "pipelined")),
  );
  limitConnections(server, maxConnections);
  unread.watch(server);
  return server;
}
