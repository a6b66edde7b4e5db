// The trace context that outbound calls carry. `traceparent` goes to all: it is two random numbers, and
// the other side may want to name them. `baggage` and `tracestate` hold what clients and other services put there, and go to
// hosts that are ours. With whatever propagators OTEL_PROPAGATORS names: they are given a context that has neither.
import { type Context, diag, propagation, type TextMapPropagator, trace } from "@opentelemetry/api";

let ownIsNext = false;

/**
 * Called by the HTTP clients' hooks right before, and synchronously with, the injection of the context into a request. An
 * injection that no hook speaks for, such as that into a message of a queue, counts as one for a stranger.
 */
export function nextInjectionGoesToOwn(own: boolean): void {
  ownIsNext = own;
}

/** Puts itself in front of the propagator that the SDK has set up. Call it once, after the SDK has started. */
export function keepContextFromStrangers(): void {
  // The API gives away no propagator, and composing another one would mean to read OTEL_PROPAGATORS and the configuration file.
  const current: unknown = Reflect.get(propagation, "_getGlobalPropagator")?.call(propagation);
  propagation.disable();
  if (isPropagator(current)) propagation.setGlobalPropagator(discreet(current));
  else diag.error("@opentelemetry/api shows its propagator in no way that is known: calls carry no trace context");
}

function discreet(inner: TextMapPropagator): TextMapPropagator {
  return {
    inject(context, carrier, setter) {
      const own = ownIsNext;
      ownIsNext = false;
      inner.inject(own ? context : withoutOurs(context), carrier, setter);
    },
    extract: (context, carrier, getter) => inner.extract(context, carrier, getter),
    fields: () => inner.fields(),
  };
}

function withoutOurs(context: Context): Context {
  const bare = propagation.deleteBaggage(context);
  const span = trace.getSpanContext(bare);
  if (span?.traceState === undefined) return bare;
  const { traceState: _ours, ...ids } = span;
  return trace.setSpanContext(bare, ids);
}

function isPropagator(value: unknown): value is TextMapPropagator {
  return ["inject", "extract", "fields"].every((name) => typeof Object(value)[name] === "function");
}
