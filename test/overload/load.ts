// Open-loop load from a process of its own: requests leave at their time, whatever the answers do, and each client gives up
// after its patience. Times count from when a request should have left, so that nothing that delays it is hidden.
import { Agent, get } from "node:http";
import { z } from "zod";

export const planSchema = z.object({
  url: z.string(),
  /** Requests a second for each path. */
  rates: z.record(z.string(), z.number()),
  seconds: z.number(),
  patienceMs: z.number(),
});
/** One request: its path, its status (0: the client gave up or the connection failed), and its time in milliseconds. */
export const outcomeSchema = z.object({ path: z.string(), status: z.number(), ms: z.number() });
export type Plan = z.infer<typeof planSchema>;
export type Outcome = z.infer<typeof outcomeSchema>;

process.once("message", async (message) => {
  const outcomes = await run(planSchema.parse(message));
  process.send?.(outcomes, () => process.disconnect());
});

async function run({ url, rates, seconds, patienceMs }: Plan): Promise<Outcome[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 5000 });
  const beganAt = performance.now();
  const due = Object.entries(rates)
    .flatMap(([path, rate]) =>
      Array.from({ length: Math.round(rate * seconds) }, (_, index) => ({ path, atMs: (index * 1000) / rate })),
    )
    .sort((a, b) => a.atMs - b.atMs);
  const outcomes: Promise<Outcome>[] = [];
  await new Promise<void>((resolve) => {
    const ticking = setInterval(() => {
      while (outcomes.length < due.length) {
        const next = due[outcomes.length];
        if (next === undefined || next.atMs > performance.now() - beganAt) return;
        outcomes.push(one(next.path, beganAt + next.atMs));
      }
      clearInterval(ticking);
      resolve();
    }, 2);
  });
  const all = await Promise.all(outcomes);
  agent.destroy();
  return all;

  function one(path: string, intendedAt: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const end = (status: number) => {
        clearTimeout(patience);
        resolve({ path, status, ms: performance.now() - intendedAt });
      };
      const request = get(url + path, { agent }, (response) => {
        response.resume();
        response.once("end", () => end(response.statusCode ?? 0));
        response.once("error", () => end(0));
      });
      request.once("error", () => end(0));
      const patience = setTimeout(
        () => {
          end(0);
          request.destroy();
        },
        Math.max(0, intendedAt + patienceMs - performance.now()),
      );
    });
  }
}
