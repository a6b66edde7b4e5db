// Starts the service that the faults call, in a thread of its own: so it answers on time while the event loop is blocked, and its
// work is not in the figures of the loop.
import { join } from "node:path";
import { Worker } from "node:worker_threads";

/** How the receiver answers: as usual, late, with a 500, or not at all. */
export const answers = ["fast", "slow", "error", "never"] as const;

/** A running receiver. */
export interface Receiver {
  /** Resolves to its URL, to which one of {@link answers} is added. */
  readonly url: Promise<string>;
  stop(): void;
}

/** Starts a receiver on a free loopback port. It does not keep the process alive. */
export function startReceiver(): Receiver {
  // Without the options of this process, which would load its telemetry once more.
  const worker = new Worker(join(import.meta.dirname, "receiver-thread.ts"), { execArgv: [], env: {} });
  worker.unref();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  worker.once("message", (port) => resolve(`http://127.0.0.1:${port}/`)).once("error", reject);
  // A call reports the error.
  promise.catch(() => {});
  return { url: promise, stop: () => void worker.terminate() };
}
