// Handles pipelined requests one at a time. Node would dispatch all requests that a client sends ahead and buffer each response
// until the ones before it have been read: a client could fill the memory with ten requests in one packet.
import type { RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Stops reading from a connection with this many waiting requests: their bodies are buffered too, up to 64 KiB each. */
const pauseAt = 16;
/** Maximum number of waiting requests. It exceeds `pauseAt` because one packet can hold many small ones. */
const limit = 256;

/**
 * Calls `handle` for a request once the responses before it have been sent. Calls `tooMany` with the connection of a client
 * that sends more than 256 requests ahead; it must close the connection.
 */
export function handleInOrder(handle: RequestListener, tooMany: (socket: Socket) => void): RequestListener {
  const waiting = new WeakMap<Socket, number>();
  return (request, response) => {
    // Only the first response in the pipeline has the socket.
    if (response.socket !== null) {
      handle(request, response);
      return;
    }
    const { socket } = request;
    const count = (waiting.get(socket) ?? 0) + 1;
    if (count > limit) {
      tooMany(socket);
      return;
    }
    waiting.set(socket, count);
    if (count >= pauseAt) socket.pause();
    whenSocketAssigned(response, () => {
      const left = (waiting.get(socket) ?? 1) - 1;
      waiting.set(socket, left);
      if (left === pauseAt - 1) socket.resume();
      handle(request, response);
    });
  };
}

/** Node assigns the socket to a response once those before it are done, and emits `socket` while it does. */
function whenSocketAssigned(response: ServerResponse, callback: () => void): void {
  // Afterwards, since Node flushes the response right after the event.
  response.once("socket", () => queueMicrotask(callback));
}
