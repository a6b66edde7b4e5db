// Says where each request's time went: on its span, in the metrics, and, where that is wanted, to its client.
import { type Attributes, context, metrics, type Span, trace, ValueType } from "@opentelemetry/api";
import { getRPCMetadata } from "@opentelemetry/core";
import type { Context, Middleware } from "./http.ts";
import { type Phase, type PhaseTimes, phases } from "./phases.ts";
import { type ProblemType, problemOfResponse } from "./problem.ts";
import { unmatchedRoute } from "./route-match.ts";
import { Slowest } from "./slowest.ts";

const boundaries = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 3, 5];
/** What ends because time was up; each name says which limit it was. */
const timeouts: ReadonlySet<ProblemType> = new Set([
  "queue_timeout",
  "pool_timeout",
  "query_timeout",
  "outbound_timeout",
  "deadline_exceeded",
] as const);

interface PhaseReportOptions {
  /** Adds the header `Server-Timing`: it tells clients how the service is built. */
  serverTiming: boolean;
  /** What the service looks like at this instant: goes onto the spans of what it refuses or cannot finish. */
  systemState: () => Attributes;
}

/** Reports the phases of `ctx.state.phases` when the answer has been sent, or its client has gone. */
export function phaseReport({ serverTiming, systemState }: PhaseReportOptions): Middleware {
  const { duration, timedOut } = instruments();
  const slowest = new Slowest();

  return async function phaseReport(ctx, next) {
    const span = trace.getActiveSpan();
    // Filled in by the route match.
    const metadata = getRPCMetadata(context.active());
    // Ahead of telemetry's own listener, which ends the span.
    ctx.res.prependOnceListener("close", () => report(ctx, span, metadata?.route ?? unmatchedRoute));
    try {
      await next();
    } finally {
      // Now, not when the answer has been sent: by then the crowd that was in its way may be gone.
      if (problemOfResponse.has(ctx.res)) span?.setAttributes(systemState());
      if (serverTiming && !ctx.res.headersSent) ctx.set("Server-Timing", timingHeader(ctx.state.phases.times()));
    }
  };

  function report(ctx: Context, span: Span | undefined, route: string): void {
    const times = ctx.state.phases.end();
    const totalMs = phases.reduce((sum, phase) => sum + times[phase], 0);
    const isSlowest = slowest.isAmong(route, totalMs);
    for (const phase of phases) {
      duration.record(times[phase] / 1000, { phase, "http.route": route, "request.slowest": isSlowest });
    }
    const problem = problemOfResponse.get(ctx.res);
    if (problem !== undefined && timeouts.has(problem)) {
      // A deadline says nothing about its cause: the largest phase is it.
      timedOut.add(1, { "http.route": route, "error.type": problem, phase: largest(times) });
    }
    if (span?.isRecording()) {
      for (const phase of phases) span.setAttribute(`request.phase.${phase}`, times[phase] / 1000);
      span.setAttribute("request.id", ctx.state.requestId);
    }
  }
}

/** Milliseconds by phase, for a log line: whole ones, without those that took none. */
export function inWholeMs(times: PhaseTimes): Partial<Record<Phase, number>> {
  const rounded = phases.map((phase) => [phase, Math.round(times[phase])] as const);
  return Object.fromEntries(rounded.filter(([, ms]) => ms > 0));
}

/** As W3C Server Timing has it, in milliseconds. */
function timingHeader(times: PhaseTimes): string {
  const taken = phases.filter((phase) => times[phase] > 0);
  return taken.map((phase) => `${phase};dur=${times[phase].toFixed(1)}`).join(", ");
}

function largest(times: PhaseTimes): Phase {
  return phases.reduce((most, phase) => (times[phase] > times[most] ? phase : most));
}

function instruments() {
  const meter = metrics.getMeter("request");
  const timedOut = meter.createCounter("request.timeouts", {
    unit: "{request}",
    description: "Requests that a limit ended, by the limit and by what they waited for longest",
    valueType: ValueType.INT,
  });
  // A counter that has not counted yet is not exported: with the first zero, "none so far" can be told from "no data".
  timedOut.add(0);
  const duration = meter.createHistogram("request.phase.duration", {
    unit: "s",
    description: "Where requests spend their time: the phases of one sum up to its duration",
    advice: { explicitBucketBoundaries: boundaries },
  });
  return { duration, timedOut };
}
