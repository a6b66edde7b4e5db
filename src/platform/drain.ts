// Ends a server without cutting anyone off: answers that are still on their way say that the connection closes after them.
import type { Server } from "node:http";
import type { Middleware } from "./http.ts";

/** Once `accepting` is false, tells each client not to use its connection again. */
export function closeWhenDraining(accepting: () => boolean): Middleware {
  return async function closeWhenDraining(ctx, next) {
    await next();
    if (!accepting()) ctx.set("Connection", "close");
  };
}

/** Stops listening and lets running requests finish; cuts those that are left after `timeoutMs`. */
export async function drain(server: Server, timeoutMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(cut);
}
