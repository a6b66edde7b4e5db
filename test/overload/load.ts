// Open-loop load from a separate process: requests are sent on schedule, however slow the responses are, and clients give up after
// `patienceMs`. Times count from when a request was due, so that no delay is hidden.
import { Agent, get } from "node:http";
import { z } from "zod";

export const planSchema = z.object({
  url: z.string(),
  /**
   * Phases follow each other without a gap. `rates` are requests per second by path. In a path, `{7}` is a counter: its first
   * request has 7 there, the next one 8.
   */
  phases: z.array(z.object({ rates: z.record(z.string(), z.number()), seconds: z.number() })),
  patienceMs: z.number(),
});
/**
 * The outcome of one request: its path, when it was due (milliseconds from the start), its status (0: the client gave up or
 * the connection failed), and its duration in milliseconds.
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
  const startedAt = performance.now();
  const outcomes: Promise<Outcome>[] = [];
  await new Promise<void>((resolve) => {
    const ticking = setInterval(() => {
      while (outcomes.length < due.length) {
        const next = due[outcomes.length];
        if (next === undefined || next.dueMs > performance.now() - startedAt) return;
        outcomes.push(send(next));
      }
      clearInterval(ticking);
      resolve();
    }, 2);
  });
  const all = await Promise.all(outcomes);
  agent.destroy();
  return all;

  function send({ path, dueMs }: Pick<Outcome, "path" | "dueMs">): Promise<Outcome> {
    const dueAt = startedAt + dueMs;
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

/** The schedule: what is due when, in order. */
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
