// What a circuit breaker reports: its state and its calls as metrics, each change as an event on the span at hand and as a
// log line. A refused call is an event and a count, never a line: while a dependency is down there are many of them.
import { metrics, trace, ValueType } from "@opentelemetry/api";
import type { Logger } from "./log.ts";

/** closed: calls go through; half-open: one is tried; open: all are refused. */
export type BreakerState = "closed" | "half-open" | "open";

const numbers: Record<BreakerState, number> = { closed: 0, "half-open": 1, open: 2 };
const outcomes = ["success", "failure", "refused", "ignored"] as const;
type Outcome = (typeof outcomes)[number];

/** The instruments of one breaker. `state` is read at each collection; `stop` ends that. */
export function breakerTelemetry(name: string, state: () => BreakerState, log: Logger) {
  const meter = metrics.getMeter("breaker");
  const counts: Record<Outcome, number> = { success: 0, failure: 0, refused: 0, ignored: 0 };
  // Read from plain numbers at each collection: the database's breaker counts with every query.
  const calls = meter.createObservableCounter("breaker.calls", {
    unit: "{call}",
    description: "Calls by outcome: refused ones never reached the dependency, ignored ones say nothing about it",
    valueType: ValueType.INT,
  });
  const count: Parameters<typeof calls.addCallback>[0] = (result) => {
    for (const outcome of outcomes) result.observe(counts[outcome], { breaker: name, outcome });
  };
  calls.addCallback(count);
  // Without a unit: with "1" Prometheus would call it a ratio.
  const gauge = meter.createObservableGauge("breaker.state", {
    description: "0 closed, 1 half-open, 2 open",
    valueType: ValueType.INT,
  });
  const observe: Parameters<typeof gauge.addCallback>[0] = (result) =>
    result.observe(numbers[state()], { breaker: name });
  gauge.addCallback(observe);

  /** On the span at hand, unless it has ended: what comes late would only make the SDK complain. */
  function addEvent(event: string): void {
    const span = trace.getActiveSpan();
    if (span?.isRecording()) span.addEvent(event, { breaker: name });
  }

  return {
    called(outcome: Outcome): void {
      counts[outcome] += 1;
      if (outcome === "refused") addEvent("breaker.refused");
    },
    /** A database that stays down opens its breaker once a second: only the first time in an outage is a warning. */
    opened(error: unknown, outageGoesOn: boolean): void {
      addEvent("breaker.opened");
      if (outageGoesOn) log.debug({ err: error, breaker: name }, "breaker opened again: the trial failed");
      else log.warn({ err: error, breaker: name }, "breaker opened: calls are refused");
    },
    halfOpened(): void {
      addEvent("breaker.half_opened");
      log.debug({ breaker: name }, "breaker half-open: one call is tried");
    },
    closed(downMs: number): void {
      addEvent("breaker.closed");
      log.info({ breaker: name, downMs: Math.round(downMs) }, "breaker closed: calls go through");
    },
    stop(): void {
      gauge.removeCallback(observe);
      calls.removeCallback(count);
    },
  };
}
