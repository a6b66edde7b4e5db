// The metrics of a circuit breaker, or of several under one name. The SDK never drops a series, so breakers whose names come
// from clients share one.
import { metrics, ValueType } from "@opentelemetry/api";

/** closed: calls go through; half-open: one trial call goes through; open: all calls are refused. */
export type BreakerState = "closed" | "half-open" | "open";

const stateNumbers: Record<BreakerState, number> = { closed: 0, "half-open": 1, open: 2 };
const outcomes = ["success", "failure", "refused", "ignored"] as const;
export type Outcome = (typeof outcomes)[number];

export class BreakerStateMetrics {
  readonly counts: Record<Outcome, number> = { success: 0, failure: 0, refused: 0, ignored: 0 };
  readonly #states = new Set<() => BreakerState>();
  /** Unregisters the metrics. */
  readonly stop: () => void;

  /** `name` is the value of the attribute `breaker`. */
  constructor(name: string) {
    const meter = metrics.getMeter("breaker");
    // Observed from plain numbers at each collection, because the database's breaker counts every query.
    const calls = meter.createObservableCounter("breaker.calls", {
      unit: "{call}",
      description:
        "Calls by outcome: refused calls never reached the dependency, ignored ones say nothing about its health",
      valueType: ValueType.INT,
    });
    const count: Parameters<typeof calls.addCallback>[0] = (result) => {
      for (const outcome of outcomes) result.observe(this.counts[outcome], { breaker: name, outcome });
    };
    calls.addCallback(count);
    // No unit: with "1", its name in Prometheus would end in "_ratio".
    const gauge = meter.createObservableGauge("breaker.state", {
      description: "0 closed, 1 half-open, 2 open; with several breakers the highest",
      valueType: ValueType.INT,
    });
    const observe: Parameters<typeof gauge.addCallback>[0] = (result) => {
      let highest = 0;
      for (const state of this.#states) highest = Math.max(highest, stateNumbers[state()]);
      result.observe(highest, { breaker: name });
    };
    gauge.addCallback(observe);
    this.stop = () => {
      gauge.removeCallback(observe);
      calls.removeCallback(count);
    };
  }

  /** Includes the state of a breaker until the returned function is called. */
  join(state: () => BreakerState): () => void {
    this.#states.add(state);
    return () => this.#states.delete(state);
  }
}
