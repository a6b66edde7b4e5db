// Handles the requests of a connection one after the other. Node hands over all that a client sends ahead, and keeps each answer
// in memory until those before it have been read: ten large ones cost a client one packet.
import type { RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** With so many waiting, no more is read: their bodies wait too, up to 64 KiB of each. */
const readNoMore = 16;
/** Most that may wait all the same, since many small ones come at once. */
const most = 256;

/**
 * Calls `handle` when the answers before have been sent. `tooMany` gets the connection of a client that sends more than 256
 * requests ahead, and is to end it.
 */
export function oneByOne(handle: RequestListener, tooMany: (socket: Socket) => void): RequestListener {
  const waiting = new WeakMap<Socket, number>();
  return (request, response) => {
    // It has the connection unless it is another's turn.
    if (response.socket !== null) {
      handle(request, response);
      return;
    }
    const { socket } = request;
    const count = (waiting.get(socket) ?? 0) + 1;
    if (count > most) {
      tooMany(socket);
      return;
    }
    waiting.set(socket, count);
    if (count >= readNoMore) socket.pause();
    onTurn(response, () => {
      const left = (waiting.get(socket) ?? 1) - 1;
      waiting.set(socket, left);
      if (left === readNoMore - 1) socket.resume();
      handle(request, response);
    });
  };
}

/** Node gives a response its connection when those before it are done, and says so by no event. */
function onTurn(response: ServerResponse, work: () => void): void {
  const assign = response.assignSocket;
  response.assignSocket = (socket) => {
    assign.call(response, socket);
    work();
  };
}
