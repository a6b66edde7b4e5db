// Samples the service under load: /health a few times a second, /metrics less often. Both bypass the wait queue, so when they
// are slow, the process itself is slow.
import { setTimeout as sleep } from "node:timers/promises";
import { Latencies } from "../load/latencies.ts";
import { parseSamples, type Sample } from "./prometheus.ts";
import { type Health, healthFigures, healthSchema, metricsFigures, type Samples } from "./sample-figures.ts";

const everyMs = 250;
/** Collecting all metrics costs the service time, so every fourth round is enough. */
const metricsEvery = 4;
const timeoutMs = 2000;
/** The service collects metrics at most once a second, so right after the load it may still show older ones. */
const metricsMaxAgeMs = 1050;

/** Samples until `stop()`, which resolves to a summary, with null for what the service does not offer. */
export function startSampling(base: string): { stop(): Promise<Samples> } {
  const ending = new AbortController();
  const healths: Health[] = [];
  const answers = new Latencies();
  const metrics: Sample[][] = [];
  let unanswered = 0;

  async function sampleHealth(): Promise<void> {
    const startedAt = performance.now();
    const text = await get(`${base}/health`, "application/json");
    answers.record(performance.now() - startedAt);
    const health = healthOf(text);
    if (health !== undefined) healths.push(health);
    else if (text === undefined) unanswered += 1;
  }

  async function sampleMetrics(): Promise<void> {
    const samples = parseSamples((await get(`${base}/metrics`, "text/plain")) ?? "");
    if (samples.length > 0) metrics.push(samples);
  }

  const sampling = (async () => {
    await sampleMetrics();
    for (let round = 1; !ending.signal.aborted; round += 1) {
      await Promise.all([sampleHealth(), round % metricsEvery === 0 && sampleMetrics()]);
      await sleep(everyMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
    if (metrics.length > 0) await sleep(metricsMaxAgeMs);
    await sampleMetrics();
  })();

  return {
    async stop() {
      ending.abort();
      await sampling;
      const answerP95Ms = answers.summary()?.p95Ms ?? 0;
      return { health: healthFigures(healths, unanswered, answerP95Ms), metrics: metricsFigures(metrics) };
    },
  };
}

function healthOf(text: string | undefined): Health | undefined {
  try {
    return healthSchema.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}

/** The body; empty for an error status, undefined without a response in time. */
async function get(url: string, accept: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      headers: { accept },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: "manual",
    });
    const text = await response.text();
    return response.ok ? text : "";
  } catch {
    return undefined;
  }
}
