// Pings a connection to find out whether its server is still there.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { PoolConnection } from "mysql2";
import { boundedCall } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";

/** A healthy server answers in a millisecond; a longer limit would eat into the wait for a connection that works. */
const pingTimeoutMs = 200;

/** Resolves to false when there is no answer within 200 ms. Rejects with the reason of `signal`. */
export async function answers(connection: PoolConnection, signal: CancelSignal | undefined): Promise<boolean> {
  let answered = false;
  const ping = (resolve: (value: undefined) => void, reject: (error: unknown) => void) =>
    connection.ping((error: unknown) => {
      if (error) return reject(error);
      answered = true;
      resolve(undefined);
    });
  try {
    await boundedCall(ping, { limitMs: pingTimeoutMs, signal });
    return true;
  } catch (error) {
    if (signal?.aborted) throw error;
    // After an event-loop stall, timers run first: the answer may already be in the socket.
    await nextTurn();
    return answered;
  }
}
