// Waits for what arrives by itself, such as telemetry: asks again until the answer is right or the time is up.
import { setTimeout as pause } from "node:timers/promises";

const everyMs = 250;

/** Calls `attempt` until it resolves, and gives that; rejects with its last error when `withinS` seconds have passed. */
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
