// Starts OpenTelemetry. Loaded with `--import` before the service, so that the libraries it imports can be instrumented.
// Set everything else with OpenTelemetry's OTEL_* variables.
import packageJson from "../package.json" with { type: "json" };
import { startTelemetry } from "./platform/telemetry/start.ts";

const off = { enabled: false };

export const telemetry = await startTelemetry({
  service: { name: packageJson.name, version: packageJson.version, environment: process.env.APP_ENV || "production" },
  instrumentations: {
    // platform/reporting/server-span.ts creates the spans of incoming requests.
    "@opentelemetry/instrumentation-http": { disableIncomingRequestInstrumentation: true },
    // A span for every file, DNS lookup and socket would bury the request's own.
    "@opentelemetry/instrumentation-fs": off,
    "@opentelemetry/instrumentation-dns": off,
    "@opentelemetry/instrumentation-net": off,
    // A span for every middleware adds little; platform/http/router.ts names the route.
    "@opentelemetry/instrumentation-koa": off,
    // It records query values but not the wait for a connection; platform/database/telemetry.ts does the opposite.
    "@opentelemetry/instrumentation-mysql2": off,
  },
  // Add your own spanProcessors, sampler, resourceDetectors and views here.
});
