// Makes OpenTelemetry's context follow asynchronous work when no SDK does.
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";

/** Sets up a context manager unless there is one, as with OTEL_SDK_DISABLED: the scope of a request lives in the context. */
export function followRequests(): void {
  const probe = ROOT_CONTEXT.setValue(createContextKey("probe"), true);
  if (context.with(probe, () => context.active()) === probe) return;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
