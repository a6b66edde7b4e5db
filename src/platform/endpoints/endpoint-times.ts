// What the request histogram says about each endpoint: counts, average, maximum, and percentiles.
import { unmatchedRoute } from "../http/router.ts";
import { type Collected, type HistogramValue, histogramSeries } from "../telemetry/collected.ts";

/** Of all requests since the start; times in seconds. */
export interface EndpointTimes {
  avg_time: number;
  max_time: number;
  p50: number;
  p95: number;
  p99: number;
  request_count: number;
  /** Answers with a 5xx status. */
  error_count: number;
}

/** By `METHOD /route/{parameter}`, from `http.server.request.duration`. */
export function endpointTimes(collected: Collected): Record<string, EndpointTimes> {
  const merged = new Map<string, { histogram: HistogramValue; errors: number }>();
  for (const { attributes, value } of histogramSeries(collected, "http.server.request.duration")) {
    // No route: answered ahead of the route match, as a browser's preflight is.
    const name = `${attributes["http.request.method"] ?? "*"} ${attributes["http.route"] ?? unmatchedRoute}`;
    const failed = Number(attributes["http.response.status_code"]) >= 500 ? value.count : 0;
    const known = merged.get(name);
    merged.set(name, {
      histogram: known === undefined ? value : add(known.histogram, value),
      errors: (known?.errors ?? 0) + failed,
    });
  }
  const entries = [...merged].map(([name, { histogram, errors }]) => [name, timesOf(histogram, errors)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b)));
}

/**
 * The value under which `share` (0 to 1) of all measurements lie: linear within the bucket where it falls, never over the
 * largest measurement. As Prometheus' histogram_quantile does it, but for the last bucket, whose end is known here.
 */
export function percentile({ buckets: { boundaries, counts }, count, max = 0 }: HistogramValue, share: number): number {
  let rank = share * count;
  for (const [index, inBucket] of counts.entries()) {
    if (rank <= inBucket && inBucket > 0) {
      const lower = index === 0 ? 0 : (boundaries[index - 1] ?? 0);
      const upper = Math.max(lower, Math.min(boundaries[index] ?? max, max));
      // Rounding may lead past the end by a hair.
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
