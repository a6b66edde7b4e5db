// Ends a server without cutting anyone off. Waits for handlers too, not only for connections: a client that has gone
// does not end the work that it asked for, which may still have something to record.
import type { Server } from "node:http";
import { whenEnded } from "./hooks.ts";
import type { Middleware } from "./types.ts";

export class Drain {
  #running = 0;
  #stopping = false;
  #lastEnded: (() => void) | undefined;

  /** False from the moment the process is told to stop. */
  get accepting(): boolean {
    return !this.#stopping;
  }

  /** Counts the requests that run and, while stopping, tells each client not to use its connection again. */
  readonly middleware: Middleware = (ctx, next) => {
    this.#running += 1;
    whenEnded(ctx, () => {
      if (this.#stopping) ctx.set("Connection", "close");
      this.#running -= 1;
      if (this.#running === 0) this.#lastEnded?.();
    });
    return next();
  };

  /** From here on the service is not ready any more. */
  stopAccepting(): void {
    this.#stopping = true;
  }

  /** Stops listening and resolves when every request has ended; cuts those that are left after `timeoutMs`. */
  async finish(server: Server, timeoutMs: number): Promise<void> {
    this.stopAccepting();
    const timeUp = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      server.closeAllConnections();
      timeUp.resolve();
    }, timeoutMs);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const ended = new Promise<void>((resolve) => {
      this.#lastEnded = resolve;
      if (this.#running === 0) resolve();
    });
    // An answer is sent after its handler has ended: the connections close last.
    await Promise.race([Promise.all([closed, ended]), timeUp.promise]);
    clearTimeout(timer);
  }
}
