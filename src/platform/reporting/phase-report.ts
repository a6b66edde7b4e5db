// Reports where each request's time went: on its span, in the metrics, and optionally to the client (Server-Timing).
import { type Attributes, metrics, type Span, trace, ValueType } from "@opentelemetry/api";
import { whenAnswered, whenHandedOver } from "../http/hooks.ts";
import { unmatchedRoute } from "../http/router.ts";
import type { Context, Middleware } from "../http/types.ts";
import { type Phase, type PhaseTimes, phases } from "../request/phases.ts";
import type { ProblemType } from "../request/problem.ts";
import { roundedSeconds } from "../rounded-seconds.ts";
import { durationBounds } from "../telemetry/duration-bounds.ts";
import { SlowestRequests } from "./slowest-requests.ts";

/** The target for the latency of most endpoints, as in grafana/panels/limits.ts. */
const targetMs = 200;
/** Problems that mean a timeout; each names the limit that was hit. */
const timeouts: ReadonlySet<ProblemType> = new Set([
  "queue_timeout",
  "pool_timeout",
  "query_timeout",
  "outbound_timeout",
  "deadline_exceeded",
] as const);

type AttributesByPhase = Readonly<Record<Phase, Attributes>>;

/** Attributes of the server span, in seconds. */
const attributeOf = mapPhases((phase) => `request.phase.${phase}`);

interface PhaseReportOptions {
  /** Adds the header `Server-Timing`, which reveals the service's internals to clients. */
  serverTiming: boolean;
  /** The current state of the service, added to the spans of failed and refused requests. */
  systemState: () => Attributes;
}

/** Reports the phases of `ctx.state.phases` when the answer has been handed to the socket, or the client has gone. */
export function phaseReport({ serverTiming, systemState }: PhaseReportOptions): Middleware {
  const { duration, attributesOf, timedOut } = instruments();
  const slowest = new SlowestRequests(targetMs);

  return function phaseReport(ctx, next) {
    const span = trace.getActiveSpan();
    whenHandedOver(ctx, () => report(ctx, span));
    whenAnswered(ctx, () => {
      // Now, not once the answer is sent: by then, the load that caused the problem may be gone.
      if (ctx.state.problem !== undefined) span?.setAttributes(systemState());
      if (serverTiming && !ctx.res.headersSent) ctx.set("Server-Timing", timingHeader(ctx.state.phases.times()));
    });
    return next();
  };

  function report(ctx: Context, span: Span | undefined): void {
    const route = ctx.state.routeName ?? unmatchedRoute;
    const times = ctx.state.phases.end();
    let totalMs = 0;
    for (const phase of phases) totalMs += times[phase];
    const attributes = attributesOf(route, slowest.isAmong(route, totalMs));
    for (const phase of phases) duration.record(times[phase] / 1000, attributes[phase]);
    const { problem } = ctx.state;
    if (problem !== undefined && timeouts.has(problem)) {
      // A deadline doesn't say what took so long; the largest phase does.
      timedOut.add(1, { "http.route": route, "error.type": problem, phase: largest(times) });
    }
    if (span?.isRecording()) {
      for (const phase of phases) span.setAttribute(attributeOf[phase], roundedSeconds(times[phase]));
      span.setAttribute("request.id", ctx.state.requestId);
    }
  }
}

/** Returns rounded milliseconds by phase for a log line, without phases that took none. */
export function roundedMs(times: PhaseTimes): Partial<Record<Phase, number>> {
  const rounded = phases.map((phase) => [phase, Math.round(times[phase])] as const);
  return Object.fromEntries(rounded.filter(([, ms]) => ms > 0));
}

/** Formats the times as W3C Server Timing, in milliseconds. */
function timingHeader(times: PhaseTimes): string {
  const nonzero = phases.filter((phase) => times[phase] > 0);
  return nonzero.map((phase) => `${phase};dur=${times[phase].toFixed(1)}`).join(", ");
}

function largest(times: PhaseTimes): Phase {
  return phases.reduce((max, phase) => (times[phase] > times[max] ? phase : max));
}

function instruments() {
  const meter = metrics.getMeter("request");
  const timedOut = meter.createCounter("request.timeouts", {
    unit: "{request}",
    description: "Requests that timed out, by the limit they hit and their longest phase",
    valueType: ValueType.INT,
  });
  // A counter is not exported before its first value. Starting at zero tells "none so far" from "no data".
  timedOut.add(0);
  const duration = meter.createHistogram("request.phase.duration", {
    unit: "s",
    description: "Time that requests spent in each phase; the phases of a request add up to its duration",
    advice: { explicitBucketBoundaries: durationBounds },
  });
  // Frozen and reused, which makes recording cheap.
  const cache = { slowest: new Map<string, AttributesByPhase>(), others: new Map<string, AttributesByPhase>() };
  function attributesOf(route: string, isSlowest: boolean): AttributesByPhase {
    const byRoute = isSlowest ? cache.slowest : cache.others;
    let attributes = byRoute.get(route);
    if (attributes === undefined) {
      attributes = mapPhases((phase) => Object.freeze({ phase, "http.route": route, "request.slowest": isSlowest }));
      byRoute.set(route, attributes);
    }
    return attributes;
  }
  return { duration, attributesOf, timedOut };
}

function mapPhases<Value>(map: (phase: Phase) => Value): Readonly<Record<Phase, Value>> {
  return {
    loop: map("loop"),
    outbound: map("outbound"),
    query: map("query"),
    pool: map("pool"),
    queue: map("queue"),
    auth: map("auth"),
    receive: map("receive"),
    own: map("own"),
  };
}
