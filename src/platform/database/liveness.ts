// Asks a connection whether its server is still there.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { PoolConnection } from "mysql2";
import { boundedCall } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";

/** A healthy server answers in a millisecond; waiting longer would use up the wait for a connection that works. */
const withinMs = 200;

/** False when there is no answer within 200 ms. Rejects with the reason of `signal`. */
export async function answers(connection: PoolConnection, signal: CancelSignal | undefined): Promise<boolean> {
  let answered = false;
  const ping = (resolve: (value: undefined) => void, reject: (error: unknown) => void) =>
    connection.ping((error: unknown) => {
      if (error) return reject(error);
      answered = true;
      resolve(undefined);
    });
  try {
    await boundedCall(ping, { limitMs: withinMs, signal });
    return true;
  } catch (error) {
    if (signal?.aborted) throw error;
    // After a stall of the event loop its timers come first: the answer may lie in the socket.
    await nextTurn();
    return answered;
  }
}
