// Open-loop load from a process of its own: requests leave at their time, whatever the answers do, and each client gives up
// after its patience. Times count from when a request should have left, so that nothing that delays it is hidden.
import { Agent, get } from "node:http";
import { z } from "zod";

export const planSchema = z.object({
  url: z.string(),
  /**
   * One after the other without a gap; `rates` are requests a second for each path. In a path, `{7}` counts: the first of its
   * requests has 7 in that place, the next one 8.
   */
  phases: z.array(z.object({ rates: z.record(z.string(), z.number()), seconds: z.number() })),
  patienceMs: z.number(),
});
/**
 * One request: its path, when it should have left (in milliseconds of the plan), its status (0: the client gave up or the
 * connection failed), and its time in milliseconds.
 */
export const outcomeSchema = z.object({ path: z.string(), dueMs: z.number(), status: z.number(), ms: z.number() });
export type Plan = z.infer<typeof planSchema>;
export type Outcome = z.infer<typeof outcomeSchema>;

process.once("message", async (message) => {
  const outcomes = await run(planSchema.parse(message));
  process.send?.(outcomes, () => process.disconnect());
});

async function run({ url, phases, patienceMs }: Plan): Promise<Outcome[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 5000 });
  const due = arrivals(phases);
  const beganAt = performance.now();
  const outcomes: Promise<Outcome>[] = [];
  await new Promise<void>((resolve) => {
    const ticking = setInterval(() => {
      while (outcomes.length < due.length) {
        const next = due[outcomes.length];
        if (next === undefined || next.dueMs > performance.now() - beganAt) return;
        outcomes.push(one(next));
      }
      clearInterval(ticking);
      resolve();
    }, 2);
  });
  const all = await Promise.all(outcomes);
  agent.destroy();
  return all;

  function one({ path, dueMs }: Pick<Outcome, "path" | "dueMs">): Promise<Outcome> {
    const dueAt = beganAt + dueMs;
    return new Promise((resolve) => {
      const end = (status: number) => {
        clearTimeout(patience);
        resolve({ path, dueMs, status, ms: performance.now() - dueAt });
      };
      const request = get(url + path, { agent }, (response) => {
        response.resume();
        response.once("end", () => end(response.statusCode ?? 0));
        response.once("error", () => end(0));
      });
      request.once("error", () => end(0));
      const giveUp = () => {
        end(0);
        request.destroy();
      };
      const patience = setTimeout(giveUp, Math.max(0, dueAt + patienceMs - performance.now()));
    });
  }
}

/** What is due when, in order. */
function arrivals(phases: Plan["phases"]): Pick<Outcome, "path" | "dueMs">[] {
  let endMs = 0;
  return phases.flatMap(({ rates, seconds }) => {
    const startMs = endMs;
    endMs += seconds * 1000;
    return Object.entries(rates)
      .flatMap(([path, rate]) =>
        Array.from({ length: Math.round(rate * seconds) }, (_, index) => ({
          path: path.replace(/\{(\d+)\}/, (_, first) => String(Number(first) + index)),
          dueMs: startMs + (index * 1000) / rate,
        })),
      )
      .sort((a, b) => a.dueMs - b.dueMs);
  });
}
