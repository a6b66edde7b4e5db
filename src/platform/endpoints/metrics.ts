// GET /metrics from the OpenTelemetry SDK's data: the endpoints' times as JSON for people and scripts, or all metrics in
// Prometheus' text format for a scraper. Never queued, limited or authenticated: keep it off the public side of your proxy, or
// on its own port. A collection blocks the event loop for milliseconds, so all requests within a second share one.
import { nameRoute } from "../http/router.ts";
import type { Context, Middleware } from "../http/types.ts";
import { Problem } from "../request/problem.ts";
import type { Collected, Reader } from "../telemetry/collected-metrics.ts";
import { prometheusText } from "../telemetry/prometheus-text.ts";
import { endpointTimes } from "./endpoint-times.ts";

export const metricsPath = "/metrics";
const textType = "text/plain; version=0.0.4; charset=utf-8";
const openMetrics = "application/openmetrics-text";
/** JSON comes first, as the default. A scraper's Accept header includes the version, so the list does too. */
const offered = ["application/json", textType, openMetrics, `${openMetrics}; version=1.0.0; escaping=allow-utf-8`];
const sharedForMs = 1000;

/** One collection, serialised at most once in each format. */
interface Collection {
  metrics: Promise<Collected>;
  /** Undefined while it is running. */
  endedAt?: number;
  json?: Promise<string>;
  text?: Promise<string>;
}

/**
 * Answers `{"endpoints": {"GET /path/{id}": {…}}}` (see {@link endpointTimes}), or text when `Accept` prefers it; up to a second
 * old. Throws not_found without a `reader`. `now` returns the milliseconds of a monotonic clock.
 */
export function metricsEndpoint(reader: Reader | undefined, now = () => performance.now()): Middleware {
  let last: Collection | undefined;
  return function metricsEndpoint(ctx, next) {
    const isMatch = ctx.path === metricsPath && (ctx.method === "GET" || ctx.method === "HEAD");
    return isMatch ? answer(ctx) : next();
  };

  async function answer(ctx: Context): Promise<void> {
    nameRoute(ctx, metricsPath);
    ctx.set("Cache-Control", "no-store");
    ctx.vary("Accept");
    if (reader === undefined) {
      const detail =
        "No metrics are collected for this endpoint; with OTEL_CONFIG_FILE, that file defines the metric readers";
      throw new Problem("not_found", { detail });
    }
    const preferred = ctx.accepts(...offered) || "application/json";
    const collection = current(reader);
    if (preferred === "application/json") {
      collection.json ??= collection.metrics.then((metrics) => JSON.stringify({ endpoints: endpointTimes(metrics) }));
      ctx.body = await collection.json;
      ctx.type = "application/json";
    } else {
      collection.text ??= collection.metrics.then(prometheusText);
      ctx.body = await collection.text;
      ctx.type = textType;
    }
  }

  function current(reader: Reader): Collection {
    const isExpired = last?.endedAt !== undefined && now() - last.endedAt >= sharedForMs;
    if (last === undefined || isExpired) {
      const collection: Collection = { metrics: reader.collect().then(({ resourceMetrics }) => resourceMetrics) };
      const end = () => {
        collection.endedAt = now();
      };
      collection.metrics.then(end, end);
      last = collection;
    }
    return last;
  }
}
