// Waits for something that arrives later, such as telemetry: retries until it is there or time is up.
import { setTimeout as pause } from "node:timers/promises";

const everyMs = 250;

/** Retries `attempt` until it resolves, and returns its result; rejects with its last error after `withinS` seconds. */
export async function eventually<Result>(withinS: number, attempt: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + withinS * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await pause(everyMs);
  }
}
