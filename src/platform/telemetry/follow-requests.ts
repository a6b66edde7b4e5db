// Makes OpenTelemetry's context follow asynchronous work when the SDK doesn't run.
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";

/** Sets up a context manager unless there is one. With OTEL_SDK_DISABLED there is none, but a request's scope needs the context. */
export function followRequests(): void {
  const probe = ROOT_CONTEXT.setValue(createContextKey("probe"), true);
  if (context.with(probe, () => context.active()) === probe) return;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
