// Bounds the open connections. One client that opens many must not shut the others out: beyond the limit an idle one makes room, and
// only when all are at work a new one is closed.
import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Keeps `server` to `most` connections. */
export function limitConnections(server: Server, most: number): void {
  // In the order in which they were opened.
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    if (open.size >= most) (oldestIdle(open) ?? socket).destroy();
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
}

function oldestIdle(open: ReadonlySet<Socket>): Socket | undefined {
  for (const socket of open) if (isIdle(socket)) return socket;
  return undefined;
}

/** Node keeps the answer that is being made or sent with its socket, and says so nowhere else. A closed one has made room. */
function isIdle(socket: Socket): boolean {
  const answer: unknown = Reflect.get(socket, "_httpMessage");
  return !socket.destroyed && (answer === null || answer === undefined);
}
