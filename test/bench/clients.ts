// Closed-loop clients in a separate process: each sends its next request after a response.
import { Pool } from "undici";
import { z } from "zod";

export const askSchema = z.object({
  url: z.string(),
  /** `{n}` becomes a number from 1 to {@link rows}, counting up with each request. */
  path: z.string(),
  clients: z.number(),
  seconds: z.number(),
});
export const answeredSchema = z.object({
  /** Responses with status 200. */
  good: z.number(),
  /** Counts of other outcomes, by status or error. */
  bad: z.record(z.string(), z.number()),
  /** From the first request to the last response. */
  seconds: z.number(),
});
export type Ask = z.infer<typeof askSchema>;
export type ClosedLoop = z.infer<typeof answeredSchema>;

/** Rows in the table. */
export const rows = 1000;

async function run({ url, path, clients, seconds }: Ask): Promise<ClosedLoop> {
  const pool = new Pool(url, { connections: clients });
  const bad: Record<string, number> = {};
  let good = 0;
  let sent = 0;
  const beganAt = performance.now();
  const client = async () => {
    while (performance.now() - beganAt < seconds * 1000) {
      sent += 1;
      try {
        const answer = await pool.request({ method: "GET", path: path.replace("{n}", String(1 + (sent % rows))) });
        await answer.body.dump();
        if (answer.statusCode === 200) good += 1;
        else count(`status ${answer.statusCode}`);
      } catch (error) {
        count(error instanceof Error ? error.message : String(error));
        // Avoids a busy loop when connections are refused.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  };
  const count = (reason: string) => {
    bad[reason] = (bad[reason] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: clients }, client));
  const tookSeconds = (performance.now() - beganAt) / 1000;
  await pool.destroy();
  return { good, bad, seconds: tookSeconds };
}

if (import.meta.main) {
  process.on("message", async (message) => process.send?.(await run(askSchema.parse(message))));
  process.once("disconnect", () => process.exit());
}
