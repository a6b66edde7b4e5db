// GET /metrics from the OpenTelemetry SDK's own data: the endpoints' times as JSON for people and scripts, everything in
// Prometheus' text format for a scraper. Never queued, limited or authenticated: keep it off the public side of your proxy.
import { emptyResource } from "@opentelemetry/resources";
import type { MetricReader } from "@opentelemetry/sdk-metrics";
import { endpointTimes } from "./endpoint-times.ts";
import type { Context, Middleware } from "./http.ts";
import { nameRoute } from "./route-match.ts";

const textType = "text/plain; version=0.0.4; charset=utf-8";
const openMetrics = "application/openmetrics-text";
/** JSON, if nothing else is preferred. What a scraper asks for carries the version, so that must be named here too. */
const offered = ["application/json", textType, openMetrics, `${openMetrics}; version=1.0.0; escaping=allow-utf-8`];

/** Answers `{"endpoints": {"GET /path/{id}": {…}}}` (see {@link endpointTimes}), or text when `Accept` prefers that. */
export function metricsEndpoint(reader: Pick<MetricReader, "collect">): Middleware {
  // Without the resource: it has the process's paths and arguments, which are nobody's business here, and looking at it
  // before the last of its detectors has ended is an error in the log.
  const resource = emptyResource();
  return function metricsEndpoint(ctx, next) {
    const isAsked = ctx.path === "/metrics" && (ctx.method === "GET" || ctx.method === "HEAD");
    return isAsked ? answer(ctx) : next();
  };

  async function answer(ctx: Context): Promise<void> {
    nameRoute(ctx, "/metrics");
    ctx.set("Cache-Control", "no-store");
    ctx.vary("Accept");
    const { resourceMetrics } = await reader.collect();
    const preferred = ctx.accepts(...offered) || "application/json";
    if (preferred === "application/json") {
      ctx.body = { endpoints: endpointTimes(resourceMetrics) };
    } else {
      const { PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
      const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
      ctx.body = serializer.serialize({ ...resourceMetrics, resource });
      ctx.type = textType;
    }
  }
}
