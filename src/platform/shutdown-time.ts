// Shares out the time to stop. All steps have one end in common, so that an orchestrator which waits for as long never kills
// the process; and a share is kept from the slow ones for the last telemetry, which says what they were.
import { lastLinesMs } from "./log.ts";

/** What running requests leave to the steps after them: a quarter, and not more than this. */
const mostKeptMs = 2000;

/** How long each step may take, in milliseconds, of `timeoutMs` from this call on. Call each when its step begins. */
export function shutdownTime(timeoutMs: number, now: () => number = () => performance.now()) {
  const kept = Math.min(mostKeptMs, timeoutMs / 4);
  // The last lines of the log are waited for after the last step.
  const endsAt = now() + timeoutMs - Math.min(lastLinesMs, kept / 4);
  const leftMs = (keptMs: number) => Math.max(0, endsAt - keptMs - now());
  return {
    /** For running requests, and for what is being prepared. */
    requestsMs: () => leftMs(kept),
    /** For closing connections. */
    connectionsMs: () => leftMs(kept / 2),
    telemetryMs: () => leftMs(0),
  };
}

/** Resolves when `work` does, or after `ms`; what `work` does later is ignored. Rejects as it does. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const timeUp = Promise.withResolvers<void>();
  const timer = setTimeout(timeUp.resolve, ms);
  try {
    await Promise.race([work, timeUp.promise]);
  } finally {
    clearTimeout(timer);
  }
}
