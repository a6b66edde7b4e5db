// Replaces the SDK's spans and its protobuf serializer with the lean ones.
import { type TracerProvider, trace } from "@opentelemetry/api";
import { replaceSdkSerializer } from "./otlp-spans.ts";
import { partsOf } from "./sdk-tracer.ts";
import { untestedVersion } from "./tested-versions.ts";
import { LeanTracerProvider, type SdkTracerProvider } from "./tracer-provider.ts";

/**
 * Call it right after the SDK has started, before any code gets a tracer. Returns why the SDK's own spans or serializer stay in
 * use, or undefined when they're replaced or nothing is traced.
 */
export function installLean(): string | undefined {
  const sdk = behindProxy(trace.getTracerProvider());
  if (!isSdk(sdk)) return undefined;
  const reason = untestedVersion() ?? reasonOf(partsOf(sdk.getTracer("lean")));
  if (reason !== undefined) return reason;
  // The API refuses to replace a registered provider.
  trace.disable();
  trace.setGlobalTracerProvider(new LeanTracerProvider(sdk));
  return replaceSdkSerializer() ? undefined : "can't replace the SDK's protobuf serializer";
}

/** Returns the registered provider, which the API wraps in a proxy. No `instanceof`: the API may be loaded in two builds. */
function behindProxy(provider: TracerProvider & { getDelegate?(): TracerProvider }): TracerProvider {
  return provider.getDelegate?.() ?? provider;
}

/** The API's no-op provider lacks these methods. */
function isSdk(provider: object): provider is SdkTracerProvider {
  return "shutdown" in provider && "forceFlush" in provider;
}

function reasonOf(parts: unknown): string | undefined {
  return typeof parts === "string" ? parts : undefined;
}
