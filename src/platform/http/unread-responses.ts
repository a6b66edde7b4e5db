// A response that its client does not read stays in memory until the connection ends. So a connection that makes no progress is
// closed after a timeout, and when all connections together buffer too much, those stalled longest are closed first.
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { metrics, ValueType } from "@opentelemetry/api";

interface UnreadResponsesOptions {
  /** Closes a connection whose client reads nothing of its response for this long, in milliseconds. */
  sendTimeoutMs: number;
  /** Maximum number of unread bytes of all connections together. Default: 64 MiB. */
  limitBytes?: number;
}

interface Unread {
  /** What the socket buffers. */
  bytes: number;
  /** How much of it the kernel has not accepted. */
  left: number;
  /** When either last changed, by performance.now(). */
  since: number;
}

/** Why a connection was closed. */
export type CloseReason = "send_timeout" | "unread_bytes" | "pipelined";

export class UnreadResponses {
  readonly #sendTimeoutMs: number;
  readonly #limitBytes: number;
  readonly #open = new Set<Socket>();
  readonly #unread = new Map<Socket, Unread>();
  readonly #closed = closedConnections();
  /** An upper bound: it includes what clients have read since the last check. */
  #bytes = 0;

  constructor({ sendTimeoutMs, limitBytes = 67_108_864 }: UnreadResponsesOptions) {
    this.#sendTimeoutMs = sendTimeoutMs;
    this.#limitBytes = limitBytes;
  }

  /** Watches all connections of `server` until it closes. */
  watch(server: Server): void {
    const { close } = this;
    const open = this.#open;
    const forget = (socket: Socket) => {
      open.delete(socket);
      this.#forget(socket);
    };
    server.on("connection", (socket) => {
      open.add(socket);
      socket.on("close", () => forget(socket));
    });
    // A timer, because streamed responses are not handed over all at once.
    const checking = setInterval(
      () => {
        for (const socket of open) if (this.#stalledMs(socket) >= this.#sendTimeoutMs) close(socket, "send_timeout");
      },
      Math.min(1000, Math.max(10, this.#sendTimeoutMs / 4)),
    ).unref();
    server.on("close", () => clearInterval(checking));
  }

  /** Call it when a whole response has been handed to its socket. */
  readonly handedOver = ({ socket }: ServerResponse): void => {
    // Nearly always the kernel has accepted all of it.
    if (socket === null || socket.writableLength === 0) return;
    // A new response counts as progress, even with the size of the one before.
    this.#forget(socket);
    this.#stalledMs(socket);
    if (this.#bytes > this.#limitBytes) this.#relieve();
  };

  /** Closes a connection and counts it in `http.server.connections.ended`. */
  readonly close = (socket: Socket, reason: CloseReason): void => {
    this.#closed.add(1, { reason });
    this.#forget(socket);
    socket.destroy();
  };

  /** Closes the connections stalled longest, the larger ones first, until the rest is within the limit. */
  #relieve(): void {
    for (const socket of this.#unread.keys()) this.#stalledMs(socket);
    const worstFirst = [...this.#unread].toSorted(([, a], [, b]) => a.since - b.since || b.bytes - a.bytes);
    for (const [socket] of worstFirst) {
      if (this.#bytes <= this.#limitBytes) return;
      this.close(socket, "unread_bytes");
    }
  }

  /** For how long the client has read nothing, in milliseconds; 0 when nothing is unread. */
  #stalledMs(socket: Socket): number {
    const bytes = socket.writableLength;
    if (bytes === 0) {
      this.#forget(socket);
      return 0;
    }
    const now = performance.now();
    const left = notInKernel(socket);
    const before = this.#unread.get(socket);
    if (before?.bytes === bytes && before.left === left) return now - before.since;
    this.#unread.set(socket, { bytes, left, since: now });
    this.#bytes += bytes - (before?.bytes ?? 0);
    return 0;
  }

  #forget(socket: Socket): void {
    this.#bytes -= this.#unread.get(socket)?.bytes ?? 0;
    this.#unread.delete(socket);
  }
}

/**
 * How many bytes of a write the kernel has not accepted. Node's public `writableLength` counts a large write as unsent until
 * all of it is gone, which makes a slow reader look stalled. It serves as the fallback should the private figure disappear.
 */
function notInKernel(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  const size: unknown =
    typeof handle === "object" && handle !== null ? Reflect.get(handle, "writeQueueSize") : undefined;
  return typeof size === "number" ? size : socket.writableLength;
}

function closedConnections() {
  const closed = metrics.getMeter("http-server").createCounter("http.server.connections.ended", {
    unit: "{connection}",
    description: "Connections closed because of what their clients did, by reason",
    valueType: ValueType.INT,
  });
  // A counter is not exported before its first value. Starting at zero tells "none so far" from "no data".
  for (const reason of ["send_timeout", "unread_bytes", "pipelined"] satisfies CloseReason[]) closed.add(0, { reason });
  return closed;
}
