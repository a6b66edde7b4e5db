// What a circuit breaker reports: its state and calls as metrics, and each state change as a log line and an event on the
// active span. A refused call is an event and a count but not a log line: there are many while a dependency is down.
import { trace } from "@opentelemetry/api";
import type { Logger } from "../log.ts";
import { type BreakerState, BreakerStateMetrics, type Outcome } from "./state-metrics.ts";

/** An origin chosen by a client can be as long as a URL. */
const maxNameLength = 100;

interface Named {
  /** Used in logs and on spans; cut to 100 characters. */
  name: string;
  /** A series shared with other breakers. Undefined: its own, under `name`. */
  series: BreakerStateMetrics | undefined;
}

/** Creates the telemetry of one breaker. `state` is read at each collection until `stop()`. */
export function breakerTelemetry({ name: fullName, series: shared }: Named, state: () => BreakerState, log: Logger) {
  const name = fullName.slice(0, maxNameLength);
  const series = shared ?? new BreakerStateMetrics(name);
  const leave = series.join(state);

  /** Adds an event to the active span, unless it has ended: the SDK would warn about a late one. */
  function addEvent(event: string): void {
    const span = trace.getActiveSpan();
    if (span?.isRecording()) span.addEvent(event, { breaker: name });
  }

  return {
    called(outcome: Outcome): void {
      series.counts[outcome] += 1;
      if (outcome === "refused") addEvent("breaker.refused");
    },
    /** Warns once per outage: the breaker of a database that stays down opens again every second. */
    opened(error: unknown, outageContinues: boolean): void {
      addEvent("breaker.opened");
      if (outageContinues) log.debug({ err: error, breaker: name }, "breaker opened again: the trial failed");
      else log.warn({ err: error, breaker: name }, "breaker opened: calls are refused");
    },
    halfOpened(): void {
      addEvent("breaker.half_opened");
      log.debug({ breaker: name }, "breaker half-open: trying one call");
    },
    closed(downMs: number): void {
      addEvent("breaker.closed");
      log.info({ breaker: name, downMs: Math.round(downMs) }, "breaker closed: calls go through");
    },
    stop(): void {
      leave();
      if (shared === undefined) series.stop();
    },
  };
}
