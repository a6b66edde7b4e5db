// GET /metrics from the OpenTelemetry SDK's own data: the endpoints' times as JSON for people and scripts, everything in
// Prometheus' text format for a scraper. Never queued, limited or authenticated: keep it off the public side of your proxy, or
// on a port of its own. A collection takes milliseconds of the event loop, so all requests within a second share one.
import { nameRoute } from "../http/router.ts";
import type { Context, Middleware } from "../http/types.ts";
import { Problem } from "../request/problem.ts";
import type { Collected, Reader } from "../telemetry/collected.ts";
import { prometheusText } from "../telemetry/prometheus-text.ts";
import { endpointTimes } from "./endpoint-times.ts";

const textType = "text/plain; version=0.0.4; charset=utf-8";
const openMetrics = "application/openmetrics-text";
/** JSON, if nothing else is preferred. What a scraper asks for carries the version, so that must be named here too. */
const offered = ["application/json", textType, openMetrics, `${openMetrics}; version=1.0.0; escaping=allow-utf-8`];
const sharedForMs = 1000;

/** One collection, serialised at most once in each format. */
interface Collection {
  metrics: Promise<Collected>;
  /** Undefined while it runs. */
  endedAt?: number;
  json?: Promise<string>;
  text?: Promise<string>;
}

/**
 * Answers `{"endpoints": {"GET /path/{id}": {…}}}` (see {@link endpointTimes}), or text when `Accept` prefers that. Up to a
 * second old. Without a `reader` it throws not_found. `now` returns milliseconds on a clock that only goes forward.
 */
export function metricsEndpoint(reader: Reader | undefined, now = () => performance.now()): Middleware {
  let last: Collection | undefined;
  return function metricsEndpoint(ctx, next) {
    const isAsked = ctx.path === "/metrics" && (ctx.method === "GET" || ctx.method === "HEAD");
    return isAsked ? answer(ctx) : next();
  };

  async function answer(ctx: Context): Promise<void> {
    nameRoute(ctx, "/metrics");
    ctx.set("Cache-Control", "no-store");
    ctx.vary("Accept");
    if (reader === undefined) {
      const detail =
        "OpenTelemetry measures nothing for this page; with OTEL_CONFIG_FILE, that file says who reads metrics";
      throw new Problem("not_found", { detail });
    }
    const preferred = ctx.accepts(...offered) || "application/json";
    const collection = current(reader);
    if (preferred === "application/json") {
      collection.json ??= collection.metrics.then((all) => JSON.stringify({ endpoints: endpointTimes(all) }));
      ctx.body = await collection.json;
      ctx.type = "application/json";
    } else {
      collection.text ??= collection.metrics.then(prometheusText);
      ctx.body = await collection.text;
      ctx.type = textType;
    }
  }

  function current(reader: Reader): Collection {
    const isOver = last?.endedAt !== undefined && now() - last.endedAt >= sharedForMs;
    if (last === undefined || isOver) {
      const begun: Collection = { metrics: reader.collect().then(({ resourceMetrics }) => resourceMetrics) };
      const end = () => {
        begun.endedAt = now();
      };
      begun.metrics.then(end, end);
      last = begun;
    }
    return last;
  }
}
