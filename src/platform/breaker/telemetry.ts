// What a circuit breaker reports: its state and its calls as metrics, each change as an event on the span at hand and as a
// log line. A refused call is an event and a count, never a line: while a dependency is down there are many of them.
import { trace } from "@opentelemetry/api";
import type { Logger } from "../log.ts";
import { BreakerSeries, type BreakerState, type Outcome } from "./series.ts";

/** An origin that a stranger chose can be as long as a URL. */
const longestName = 100;

interface Named {
  /** In logs and on spans; cut to 100 characters. */
  name: string;
  /** Shared with other breakers. Undefined: one of its own, under `name`. */
  series: BreakerSeries | undefined;
}

/** The telemetry of one breaker. `state` is read at each collection; `stop` ends that. */
export function breakerTelemetry({ name: fullName, series: shared }: Named, state: () => BreakerState, log: Logger) {
  const name = fullName.slice(0, longestName);
  const series = shared ?? new BreakerSeries(name);
  const leave = series.join(state);

  /** On the span at hand, unless it has ended: what comes late would only make the SDK complain. */
  function addEvent(event: string): void {
    const span = trace.getActiveSpan();
    if (span?.isRecording()) span.addEvent(event, { breaker: name });
  }

  return {
    called(outcome: Outcome): void {
      series.counts[outcome] += 1;
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
      leave();
      if (shared === undefined) series.stop();
    },
  };
}
