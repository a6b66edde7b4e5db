// Stops a server without cutting off requests. Waits for handlers as well as connections: a handler keeps running after its
// client has disconnected and may still have something to record.
import type { Server } from "node:http";
import { whenEnded } from "./hooks.ts";
import type { Middleware } from "./types.ts";

export class Drain {
  #running = 0;
  #stopping = false;
  #allEnded: (() => void) | undefined;

  /** False once the process has been told to stop. */
  get accepting(): boolean {
    return !this.#stopping;
  }

  /** Counts running requests. While stopping, tells each client to close its connection. */
  readonly middleware: Middleware = (ctx, next) => {
    this.#running += 1;
    whenEnded(ctx, () => {
      if (this.#stopping) ctx.set("Connection", "close");
      this.#running -= 1;
      if (this.#running === 0) this.#allEnded?.();
    });
    return next();
  };

  /** Makes the service not ready, while it still serves requests. */
  stopAccepting(): void {
    this.#stopping = true;
  }

  /** Stops listening and resolves when every request has ended; closes the remaining connections after `timeoutMs`. */
  async finish(server: Server, timeoutMs: number): Promise<void> {
    this.stopAccepting();
    const timeUp = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      server.closeAllConnections();
      timeUp.resolve();
    }, timeoutMs);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const ended = new Promise<void>((resolve) => {
      this.#allEnded = resolve;
      if (this.#running === 0) resolve();
    });
    // Responses are sent after their handlers have ended, so the connections close last.
    await Promise.race([Promise.all([closed, ended]), timeUp.promise]);
    clearTimeout(timer);
  }
}
