// Answers that their clients do not read stay in memory until their connections end. So a connection that takes nothing for some
// time is ended, and when all together have too much waiting, those that have been standing still for longest.
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { metrics, ValueType } from "@opentelemetry/api";

interface UnreadAnswersOptions {
  /** A connection whose client reads nothing of its answer for this long is closed. */
  sendTimeoutMs: number;
  /** Most that all connections together may have waiting. */
  mostBytes?: number;
}

interface Unread {
  /** What is waiting. */
  bytes: number;
  /** What of it the kernel has not taken. */
  left: number;
  /** When that became less last, by performance.now(). */
  since: number;
}

/** Why a connection was ended. */
export type EndedFor = "send_timeout" | "unread_bytes" | "pipelined";

export class UnreadAnswers {
  readonly #sendTimeoutMs: number;
  readonly #mostBytes: number;
  readonly #open = new Set<Socket>();
  readonly #unread = new Map<Socket, Unread>();
  readonly #ended = endedConnections();
  /** Of answers handed over, an upper bound: what has been read meanwhile is subtracted at the next look. */
  #bytes = 0;

  constructor({ sendTimeoutMs, mostBytes = 67_108_864 }: UnreadAnswersOptions) {
    this.#sendTimeoutMs = sendTimeoutMs;
    this.#mostBytes = mostBytes;
  }

  /** Watches all connections of `server` until it is closed. */
  watch(server: Server): void {
    const { end } = this;
    const open = this.#open;
    const forget = (socket: Socket) => {
      open.delete(socket);
      this.#forget(socket);
    };
    server.on("connection", (socket) => {
      open.add(socket);
      socket.on("close", () => forget(socket));
    });
    // Also for answers that are streamed, which are not handed over at once.
    const looking = setInterval(
      () => {
        for (const socket of open) if (this.#stoodStillMs(socket) >= this.#sendTimeoutMs) end(socket, "send_timeout");
      },
      Math.min(1000, Math.max(10, this.#sendTimeoutMs / 4)),
    ).unref();
    server.on("close", () => clearInterval(looking));
  }

  /** To be called when all of an answer has been handed to its socket. */
  readonly handedOver = ({ socket }: ServerResponse): void => {
    // Nearly always the kernel has taken all of it.
    if (socket === null || socket.writableLength === 0) return;
    // A new answer, even if it is as large as the one before.
    this.#forget(socket);
    this.#stoodStillMs(socket);
    if (this.#bytes > this.#mostBytes) this.#relieve();
  };

  readonly end = (socket: Socket, reason: EndedFor): void => {
    this.#ended.add(1, { reason });
    this.#forget(socket);
    socket.destroy();
  };

  /** Ends those that have been standing still for longest, the larger ones first, until the rest is not too much. */
  #relieve(): void {
    for (const socket of this.#unread.keys()) this.#stoodStillMs(socket);
    const worstFirst = [...this.#unread].toSorted(([, a], [, b]) => a.since - b.since || b.bytes - a.bytes);
    for (const [socket] of worstFirst) {
      if (this.#bytes <= this.#mostBytes) return;
      this.end(socket, "unread_bytes");
    }
  }

  /** For how long the client has read nothing, in milliseconds; 0 when nothing is waiting for it. */
  #stoodStillMs(socket: Socket): number {
    const bytes = socket.writableLength;
    if (bytes === 0) {
      this.#forget(socket);
      return 0;
    }
    const now = performance.now();
    const left = leftOf(socket);
    const known = this.#unread.get(socket);
    if (known?.bytes === bytes && known.left === left) return now - known.since;
    this.#unread.set(socket, { bytes, left, since: now });
    this.#bytes += bytes - (known?.bytes ?? 0);
    return 0;
  }

  #forget(socket: Socket): void {
    this.#bytes -= this.#unread.get(socket)?.bytes ?? 0;
    this.#unread.delete(socket);
  }
}

/**
 * What of a write is not with the kernel yet. Node's public figures count a large write as waiting until all of it is gone: by
 * them a client that reads slowly stands still. Should Node hide this one, they are what is left.
 */
function leftOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  const size: unknown =
    typeof handle === "object" && handle !== null ? Reflect.get(handle, "writeQueueSize") : undefined;
  return typeof size === "number" ? size : socket.writableLength;
}

function endedConnections() {
  const ended = metrics.getMeter("http-server").createCounter("http.server.connections.ended", {
    unit: "{connection}",
    description: "Connections that were ended for what their clients did, by reason",
    valueType: ValueType.INT,
  });
  // A counter that has not counted yet is not exported: with the first zero, "none so far" can be told from "no data".
  for (const reason of ["send_timeout", "unread_bytes", "pipelined"] satisfies EndedFor[]) ended.add(0, { reason });
  return ended;
}
