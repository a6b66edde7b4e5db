// Limits the trace context that outbound calls carry. Every host gets `traceparent`: it's two random numbers, which the other side
// can quote in a bug report. `baggage` and `tracestate` hold data from clients and other services, so only our own hosts get them.
// Works with any propagators in OTEL_PROPAGATORS, because they are passed a context without the two.
import { type Context, diag, propagation, type TextMapPropagator, trace } from "@opentelemetry/api";

let nextIsOwn = false;

/**
 * Says whether the next injection of the context goes to one of our own hosts. The HTTP clients' hooks call it right before the
 * injection, synchronously. An injection without a call, such as into a queue's message, counts as one to another host.
 */
export function markNextInjection(own: boolean): void {
  nextIsOwn = own;
}

/** Wraps the propagator that the SDK has set up. Call it once, after the SDK has started. */
export function limitPropagation(): void {
  // The API doesn't expose its propagator, and building another would mean reading OTEL_PROPAGATORS and the configuration file.
  const current: unknown = Reflect.get(propagation, "_getGlobalPropagator")?.call(propagation);
  propagation.disable();
  if (isPropagator(current)) propagation.setGlobalPropagator(limited(current));
  else diag.error("can't find the propagator in @opentelemetry/api: outbound calls carry no trace context");
}

function limited(inner: TextMapPropagator): TextMapPropagator {
  return {
    inject(context, carrier, setter) {
      const own = nextIsOwn;
      nextIsOwn = false;
      inner.inject(own ? context : withoutSharedData(context), carrier, setter);
    },
    extract: (context, carrier, getter) => inner.extract(context, carrier, getter),
    fields: () => inner.fields(),
  };
}

function withoutSharedData(context: Context): Context {
  const bare = propagation.deleteBaggage(context);
  const span = trace.getSpanContext(bare);
  if (span?.traceState === undefined) return bare;
  const { traceState: _removed, ...ids } = span;
  return trace.setSpanContext(bare, ids);
}

function isPropagator(value: unknown): value is TextMapPropagator {
  return ["inject", "extract", "fields"].every((name) => typeof Object(value)[name] === "function");
}
