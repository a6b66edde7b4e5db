// Bounds the number of open connections. One client that opens many must not lock out the others: at the limit, a new
// connection replaces the oldest idle one, and is closed only if all of them are busy.
import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Limits `server` to `limit` open connections. */
export function limitConnections(server: Server, limit: number): void {
  // In insertion order: the oldest first.
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    if (open.size >= limit) (oldestIdle(open) ?? socket).destroy();
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
}

function oldestIdle(open: ReadonlySet<Socket>): Socket | undefined {
  for (const socket of open) if (isIdle(socket)) return socket;
  return undefined;
}

/** Only a private field of Node tells whether a socket has a response in progress. A destroyed socket has made room already. */
function isIdle(socket: Socket): boolean {
  const response: unknown = Reflect.get(socket, "_httpMessage");
  return !socket.destroyed && (response === null || response === undefined);
}
