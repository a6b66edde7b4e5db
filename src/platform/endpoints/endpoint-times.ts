// Computes counts, average, maximum and percentiles per endpoint from the request histogram.
import { unmatchedRoute } from "../http/router.ts";
import { type Collected, type HistogramValue, histogramSeries } from "../telemetry/collected-metrics.ts";

/** Covers all requests since the process started; times in seconds. */
export interface EndpointTimes {
  avg_time: number;
  max_time: number;
  p50: number;
  p95: number;
  p99: number;
  request_count: number;
  /** Responses with a 5xx status. */
  error_count: number;
}

/** Returns the times by `METHOD /route/{parameter}`, from the metric `http.server.request.duration`. */
export function endpointTimes(collected: Collected): Record<string, EndpointTimes> {
  const merged = new Map<string, { histogram: HistogramValue; errors: number }>();
  for (const { attributes, value } of histogramSeries(collected, "http.server.request.duration")) {
    // Requests answered before the route match have no route, such as a browser's preflight.
    const name = `${attributes["http.request.method"] ?? "*"} ${attributes["http.route"] ?? unmatchedRoute}`;
    const failed = Number(attributes["http.response.status_code"]) >= 500 ? value.count : 0;
    const previous = merged.get(name);
    merged.set(name, {
      histogram: previous === undefined ? value : add(previous.histogram, value),
      errors: (previous?.errors ?? 0) + failed,
    });
  }
  const entries = [...merged].map(([name, { histogram, errors }]) => [name, timesOf(histogram, errors)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b)));
}

/**
 * Estimates the value below which `share` (0 to 1) of all measurements lie. Interpolates linearly within the bucket, as
 * Prometheus' histogram_quantile does, but never exceeds the maximum, which bounds the last bucket too.
 */
export function percentile({ buckets: { boundaries, counts }, count, max = 0 }: HistogramValue, share: number): number {
  let rank = share * count;
  for (const [index, inBucket] of counts.entries()) {
    if (rank <= inBucket && inBucket > 0) {
      const lower = index === 0 ? 0 : (boundaries[index - 1] ?? 0);
      const upper = Math.max(lower, Math.min(boundaries[index] ?? max, max));
      // Rounding may exceed the upper bound slightly.
      return Math.min(upper, lower + (upper - lower) * (rank / inBucket));
    }
    rank -= inBucket;
  }
  return max;
}

function timesOf(histogram: HistogramValue, errors: number): EndpointTimes {
  const { sum = 0, max = 0, count } = histogram;
  return {
    avg_time: count === 0 ? 0 : sum / count,
    max_time: max,
    p50: percentile(histogram, 0.5),
    p95: percentile(histogram, 0.95),
    p99: percentile(histogram, 0.99),
    request_count: count,
    error_count: errors,
  };
}

function add(a: HistogramValue, b: HistogramValue): HistogramValue {
  const counts = a.buckets.counts.map((count, index) => count + (b.buckets.counts[index] ?? 0));
  return {
    buckets: { boundaries: a.buckets.boundaries, counts },
    sum: (a.sum ?? 0) + (b.sum ?? 0),
    count: a.count + b.count,
    max: Math.max(a.max ?? 0, b.max ?? 0),
  };
}
