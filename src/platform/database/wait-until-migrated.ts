// For those who migrate apart from the start: waits until every migration has run.
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../log.ts";
import { openConnection } from "./connection.ts";
import { type MigrationSource, pendingMigrations } from "./migrations.ts";

interface WaitOptions {
  log: Logger;
  /** Ends the wait and rejects with its reason. */
  signal: AbortSignal;
  pauseMs?: number;
}

/**
 * Resolves once no migration is pending. Logs a warning with the pending ones, again when they change.
 *
 * @throws what {@link openConnection} and {@link pendingMigrations} throw, such as when the connection is lost meanwhile.
 */
export async function whenMigrated(
  url: string,
  domains: readonly MigrationSource[],
  { log, signal, pauseMs = 1000 }: WaitOptions,
): Promise<void> {
  const connection = await openConnection(url);
  try {
    for (let warned = ""; ; ) {
      signal.throwIfAborted();
      const pending = await pendingMigrations(connection, domains);
      if (pending.length === 0) return;
      if (warned !== pending.join())
        log.warn({ pending }, "not ready: migrations are pending, run `npm run migrate -- up`");
      warned = pending.join();
      await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  } finally {
    connection.destroy();
  }
}
