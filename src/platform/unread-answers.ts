// Answers that their clients do not read stay in memory until their connections end. So a connection that takes nothing for some
// time is ended, and when all together have too much waiting, those that have been standing still for longest.
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { metrics, ValueType } from "@opentelemetry/api";

interface UnreadAnswersOptions {
  /** A connection that takes nothing of its answer for so long is ended. */
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
  /** Never too low: what has been read meanwhile is found out when it matters. */
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
    // As good as always the kernel has taken it.
    if (socket === null || socket.writableLength === 0) return;
    // It is another one than before, though it may be as large.
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

  /** For how long it has taken nothing, of what is there for it: 0 when that is nothing. */
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
