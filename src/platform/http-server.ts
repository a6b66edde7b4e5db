// The server that the service listens with: Node's own, with bounds on what a client can make it keep.
import type { RequestListener, Server, ServerOptions, ServerResponse } from "node:http";
import { oneByOne } from "./one-by-one.ts";
import { UnreadAnswers } from "./unread-answers.ts";

interface HttpServerOptions extends ServerOptions {
  /** Most open connections; those beyond are closed at once, unanswered. */
  maxConnections: number;
  /** A connection that takes nothing of its answer for so long is ended. */
  sendTimeoutMs: number;
}

// An import of it would bring all of fetch() along: 20 ms and 5 MB.
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
    // A header that may come once and comes twice is seen to be wrong, instead of half of it being dropped.
    { ...ofNode, joinDuplicateHeaders: true },
    oneByOne(listener, (socket) => unread.end(socket, "pipelined")),
  );
  server.maxConnections = maxConnections;
  unread.watch(server);
  return server;
}
