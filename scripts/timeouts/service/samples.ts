// What the service says of itself while it is under load: /health a few times a second, /metrics now and then. It answers
// those ahead of its queue, so when they are slow, the process itself is.
import { setTimeout as sleep } from "node:timers/promises";
import { Latencies } from "../load/latencies.ts";
import { parseSamples, type Sample } from "./prometheus.ts";
import { type Health, healthFigures, healthSchema, metricsFigures, type Samples } from "./sample-figures.ts";

const everyMs = 250;
/** Collecting all metrics is work for the service: every fourth time is enough. */
const metricsEvery = 4;
const patienceMs = 2000;
/** The service collects its metrics at most once a second: what it shows right after the load may be from before its end. */
const oldestMetricsMs = 1050;

/** Samples until `stop` is called, which gives what was seen; null for what the service does not offer. */
export function startSampling(base: string): { stop(): Promise<Samples> } {
  const ending = new AbortController();
  const healths: Health[] = [];
  const answers = new Latencies();
  const metrics: Sample[][] = [];
  let unanswered = 0;

  async function sampleHealth(): Promise<void> {
    const askedAt = performance.now();
    const text = await get(`${base}/health`, "application/json");
    answers.record(performance.now() - askedAt);
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
    if (metrics.length > 0) await sleep(oldestMetricsMs);
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

/** Undefined without an answer in time, or with one that is not 200. */
async function get(url: string, accept: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      headers: { accept },
      signal: AbortSignal.timeout(patienceMs),
      redirect: "manual",
    });
    const text = await response.text();
    return response.ok ? text : "";
  } catch {
    return undefined;
  }
}
