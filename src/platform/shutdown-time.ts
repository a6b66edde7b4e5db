// Divides the shutdown time among its steps. All share one end, so that an orchestrator with the same grace period never kills the
// process. Part of it is reserved for the last telemetry, which shows what was slow.
import { logFlushMs } from "./log.ts";

/** Running requests leave a quarter of the time to later steps, and at most this. */
const maxReservedMs = 2000;

/** The time that each step may take, out of `timeoutMs` from now on. Call each function when its step begins. */
export function shutdownTime(timeoutMs: number, now: () => number = () => performance.now()) {
  const reservedMs = Math.min(maxReservedMs, timeoutMs / 4);
  // After the last step, the log flush takes time too.
  const endsAt = now() + timeoutMs - Math.min(logFlushMs, reservedMs / 4);
  const remainingMs = (laterStepsMs: number) => Math.max(0, endsAt - laterStepsMs - now());
  return {
    /** For running requests, and for a preparation that is under way. */
    requestsMs: () => remainingMs(reservedMs),
    /** For closing connections. */
    connectionsMs: () => remainingMs(reservedMs / 2),
    /** For the last telemetry. */
    telemetryMs: () => remainingMs(0),
  };
}

/** Waits for `work`, up to `ms`. Rejects if `work` rejects within that time. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, ms);
  try {
    await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
