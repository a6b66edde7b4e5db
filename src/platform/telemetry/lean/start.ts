// Puts lean spans and the fast protobuf writer in the place of the SDK's.
import { type TracerProvider, trace } from "@opentelemetry/api";
import { exportWithOwnWriter } from "./otlp-spans.ts";
import { partsOf } from "./sdk-tracer.ts";
import { untestedVersion } from "./tested-versions.ts";
import { LeanTracerProvider, type SdkTracerProvider } from "./tracer-provider.ts";

/**
 * Call it right after the SDK has started, before anybody takes a tracer. Returns why the SDK's own spans or writer stay in use;
 * undefined when they do not, or when nothing is traced.
 */
export function startLean(): string | undefined {
  const sdk = behindProxy(trace.getTracerProvider());
  if (!isSdk(sdk)) return undefined;
  const reason = untestedVersion() ?? reasonOf(partsOf(sdk.getTracer("lean")));
  if (reason !== undefined) return reason;
  // A second registration is refused while there is a first.
  trace.disable();
  trace.setGlobalTracerProvider(new LeanTracerProvider(sdk));
  return exportWithOwnWriter() ? undefined : "the SDK's protobuf serializer cannot be replaced";
}

/** The API's provider passes on to the one that was registered. Its class is no help: the API may be there in two builds. */
function behindProxy(provider: TracerProvider & { getDelegate?(): TracerProvider }): TracerProvider {
  return provider.getDelegate?.() ?? provider;
}

/** The one that the API has when nothing is traced can't be shut down. */
function isSdk(provider: object): provider is SdkTracerProvider {
  return "shutdown" in provider && "forceFlush" in provider;
}

function reasonOf(parts: unknown): string | undefined {
  return typeof parts === "string" ? parts : undefined;
}
