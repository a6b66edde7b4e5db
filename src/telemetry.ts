// Starts OpenTelemetry. Loaded with `--import` ahead of the service, so that the libraries it imports can be instrumented.
// Everything is set by the variables of the OpenTelemetry specification; only the defaults below differ from it.

import type { InstrumentationConfigMap } from "@opentelemetry/auto-instrumentations-node";
import { getBooleanFromEnv, getStringFromEnv } from "@opentelemetry/core";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from "@opentelemetry/semantic-conventions";
import packageJson from "../package.json" with { type: "json" };
import { ownHostsOf } from "./platform/own-hosts.ts";
import { recordThroughSdk } from "./platform/telemetry/histograms.ts";
import { exportWithOwnWriter } from "./platform/telemetry/lean/otlp-spans.ts";
import { instrument } from "./platform/telemetry/loading/instrumentations.ts";
import { importSdk } from "./platform/telemetry/loading/sdk.ts";
import { metricReadersFromEnvironment, OnDemandReader } from "./platform/telemetry/metric-readers.ts";
import { measureOnly } from "./platform/telemetry/metrics-only.ts";
import { boundedDestinations, outboundInstrumentation } from "./platform/telemetry/outbound-instrumentation.ts";
import { keepContextFromStrangers } from "./platform/telemetry/outbound-propagation.ts";

exportWithOwnWriter();

const disabled = getBooleanFromEnv("OTEL_SDK_DISABLED");
const off = { enabled: false };
const isOwn = ownHostsOf(process.env.OUTBOUND_OWN_HOSTS ?? "");
const outbound = outboundInstrumentation(isOwn);
const config: InstrumentationConfigMap = {
  ...outbound,
  "@opentelemetry/instrumentation-http": {
    ...outbound["@opentelemetry/instrumentation-http"],
    // Requests that come in have their span from platform/reporting/server-span.ts.
    disableIncomingRequestInstrumentation: true,
  },
  // A span for every file, look-up and socket hides the request among them.
  "@opentelemetry/instrumentation-fs": off,
  "@opentelemetry/instrumentation-dns": off,
  "@opentelemetry/instrumentation-net": off,
  // A span for every middleware says little; the route is named by platform/http/router.ts.
  "@opentelemetry/instrumentation-koa": off,
  // It records values of queries and not the wait for a connection; see platform/database/telemetry.ts.
  "@opentelemetry/instrumentation-mysql2": off,
};

const instrumentations = disabled ? [] : instrument(config);

// That file says who reads metrics: none of those readers knows our own histograms.
if (getStringFromEnv("OTEL_CONFIG_FILE") !== undefined) recordThroughSdk();
const exporting = disabled ? [] : await metricReadersFromEnvironment();
const runtime = instrumentations.find(
  (one) => one.instrumentationName === "@opentelemetry/instrumentation-runtime-node",
);

/** What GET /metrics reads. With OTEL_CONFIG_FILE that file alone says who reads metrics, and there is nothing here. */
export const metricsReader = new OnDemandReader(exporting.length > 0 ? runtime : undefined);

/** The running SDK. `shutdown` sends what is left, and gives up when the collector is away. */
export const telemetry = disabled
  ? measureOnly(metricsReader)
  : (await importSdk()).startNodeSdk({
      // A message while it starts is worth reading only when something is wrong.
      logLevel: process.env.OTEL_LOG_LEVEL || "warn",
      baseResource: defaultResource().merge(
        resourceFromAttributes({
          [ATTR_SERVICE_NAME]: packageJson.name,
          [ATTR_SERVICE_VERSION]: packageJson.version,
          "deployment.environment.name": process.env.APP_ENV || "production",
        }),
      ),
      instrumentations: [instrumentations],
      metricReaders: [metricsReader, ...exporting],
      views: [boundedDestinations(isOwn)],
    });
if (!disabled) keepContextFromStrangers();
