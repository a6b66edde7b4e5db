// Starts OpenTelemetry. Loaded with `--import` ahead of the service, so that the libraries it imports can be instrumented.
// The variables of the OpenTelemetry specification decide the rest.
import packageJson from "../package.json" with { type: "json" };
import { startTelemetry } from "./platform/telemetry/start.ts";

const off = { enabled: false };

export const telemetry = await startTelemetry({
  service: { name: packageJson.name, version: packageJson.version, environment: process.env.APP_ENV || "production" },
  instrumentations: {
    // Requests that come in have their span from platform/reporting/server-span.ts.
    "@opentelemetry/instrumentation-http": { disableIncomingRequestInstrumentation: true },
    // A span for every file, look-up and socket hides the request among them.
    "@opentelemetry/instrumentation-fs": off,
    "@opentelemetry/instrumentation-dns": off,
    "@opentelemetry/instrumentation-net": off,
    // A span for every middleware says little; the route is named by platform/http/router.ts.
    "@opentelemetry/instrumentation-koa": off,
    // It records values of queries and not the wait for a connection; see platform/database/telemetry.ts.
    "@opentelemetry/instrumentation-mysql2": off,
  },
  // Your own go here: spanProcessors, sampler, resourceDetectors, views.
});
