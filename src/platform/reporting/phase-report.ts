// Says where each request's time went: on its span, in the metrics, and, where that is wanted, to its client.
import { type Attributes, metrics, type Span, trace, ValueType } from "@opentelemetry/api";
import { whenAnswered, whenHandedOver } from "../http/hooks.ts";
import { unmatchedRoute } from "../http/router.ts";
import type { Context, Middleware } from "../http/types.ts";
import { type Phase, type PhaseTimes, phases } from "../request/phases.ts";
import type { ProblemType } from "../request/problem.ts";
import { Slowest } from "./slowest.ts";

const explicitBucketBoundaries = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 3, 5];
/** What ends because time was up; each name says which limit it was. */
const timeouts: ReadonlySet<ProblemType> = new Set([
  "queue_timeout",
  "pool_timeout",
  "query_timeout",
  "outbound_timeout",
  "deadline_exceeded",
] as const);

type AttributesOfPhases = Readonly<Record<Phase, Attributes>>;

/** Of the server span, in seconds. */
const attributeOf = ofEachPhase((phase) => `request.phase.${phase}`);

interface PhaseReportOptions {
  /** Adds the header `Server-Timing`: it tells clients how the service is built. */
  serverTiming: boolean;
  /** What the service looks like at this instant: goes onto the spans of what it refuses or cannot finish. */
  systemState: () => Attributes;
}

/** Reports the phases of `ctx.state.phases` when the answer is in the hands of the socket, or its client has gone. */
export function phaseReport({ serverTiming, systemState }: PhaseReportOptions): Middleware {
  const { duration, attributesOf, timedOut } = instruments();
  const slowest = new Slowest();

  return function phaseReport(ctx, next) {
    const span = trace.getActiveSpan();
    whenHandedOver(ctx, () => report(ctx, span));
    whenAnswered(ctx, () => {
      // Now, not when the answer has been sent: by then the crowd that was in its way may be gone.
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
      // A deadline says nothing about its cause: the largest phase is it.
      timedOut.add(1, { "http.route": route, "error.type": problem, phase: largest(times) });
    }
    if (span?.isRecording()) {
      for (const phase of phases) span.setAttribute(attributeOf[phase], times[phase] / 1000);
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
    advice: { explicitBucketBoundaries },
  });
  // Frozen and used again, which makes a record cheap.
  const known = { slowest: new Map<string, AttributesOfPhases>(), others: new Map<string, AttributesOfPhases>() };
  function attributesOf(route: string, isSlowest: boolean): AttributesOfPhases {
    const of = isSlowest ? known.slowest : known.others;
    let attributes = of.get(route);
    if (attributes === undefined) {
      attributes = ofEachPhase((phase) => Object.freeze({ phase, "http.route": route, "request.slowest": isSlowest }));
      of.set(route, attributes);
    }
    return attributes;
  }
  return { duration, attributesOf, timedOut };
}

function ofEachPhase<Value>(of: (phase: Phase) => Value): Readonly<Record<Phase, Value>> {
  return {
    loop: of("loop"),
    outbound: of("outbound"),
    query: of("query"),
    pool: of("pool"),
    queue: of("queue"),
    auth: of("auth"),
    receive: of("receive"),
    own: of("own"),
  };
}
