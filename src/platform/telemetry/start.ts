// Starts OpenTelemetry: the SDK, configured by the variables of its specification, and in lean mode the cheaper parts in front of
// it (see README.md in this folder). The rest of the service uses the API and works the same in both modes.
import { metrics } from "@opentelemetry/api";
import type { InstrumentationConfigMap } from "@opentelemetry/auto-instrumentations-node";
import { getBooleanFromEnv, getStringFromEnv } from "@opentelemetry/core";
import {
  defaultResource,
  detectResources,
  type ResourceDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { type IMetricReader, MeterProvider, type ViewOptions } from "@opentelemetry/sdk-metrics";
import type { Sampler, SpanProcessor } from "@opentelemetry/sdk-trace";
import {
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
} from "@opentelemetry/semantic-conventions";
import { countLostLines } from "../lost-log-lines.ts";
import { ownHostsOf } from "../own-hosts.ts";
import { followRequests } from "./follow-requests.ts";
import { Histograms, whyNotReadable } from "./histograms.ts";
import { installLean } from "./lean/install.ts";
import { instrument } from "./loading/instrumentations.ts";
import { importSdk } from "./loading/sdk.ts";
import { logProcessorsFromEnvironment } from "./log-processors.ts";
import { metricReadersFromEnvironment, OnDemandReader } from "./metric-readers.ts";
import { boundedDestinations, Destinations, outboundInstrumentation } from "./outbound-instrumentation.ts";
import { limitPropagation } from "./outbound-propagation.ts";
import { spanProcessorsFromEnvironment } from "./span-processors.ts";

export interface TelemetryOptions {
  /** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence. */
  service: { name: string; version: string; environment: string };
  /** Settings by instrumentation, such as `{ enabled: false }`. Instrumentations without settings are on. */
  instrumentations: InstrumentationConfigMap;
  /** Run before the exporters' processors, so that `onStart` and `onEnding` can change a span. */
  spanProcessors?: SpanProcessor[];
  /** Replaces the sampler that OTEL_TRACES_SAMPLER names. */
  sampler?: Sampler;
  /** In addition to those of OTEL_NODE_RESOURCE_DETECTORS, which win for an attribute that both detect. */
  resourceDetectors?: ResourceDetector[];
  /** With any view, all histograms are the SDK's: only those honour views. */
  views?: ViewOptions[];
}

export interface Telemetry {
  /** The reader for GET /metrics. Undefined with OTEL_CONFIG_FILE: that file alone defines the metric readers. */
  metricsReader: OnDemandReader | undefined;
  /** Log lines, one for each part that doesn't run as TELEMETRY_MODE says, with the reason. */
  notes: string[];
  /** Sends the log lines that wait, if any are to be sent. */
  flushLogs(): Promise<void>;
  /** Sends the remaining data; gives up when the collector is down. */
  shutdown(): Promise<void>;
}

/** Starts telemetry. Call it once, before the libraries that should be traced are loaded. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const isLean = process.env.TELEMETRY_MODE !== "standard";
  const histograms = isLean ? new Histograms([METRIC_HTTP_CLIENT_REQUEST_DURATION]) : undefined;
  const producers = histograms === undefined ? [] : [histograms.producer];
  if (getBooleanFromEnv("OTEL_SDK_DISABLED")) return measureOnly(histograms);

  const { service, spanProcessors = [], sampler, resourceDetectors = [], views = [] } = options;
  const isOwn = ownHostsOf(process.env.OUTBOUND_OWN_HOSTS ?? "");
  const destinations = new Destinations(isOwn);
  const file = getStringFromEnv("OTEL_CONFIG_FILE");
  const logs = await logProcessorsFromEnvironment();
  const ours = {
    ...outboundInstrumentation(isOwn, destinations),
    // It parses each line to send it, whether or not an exporter waits for it.
    "@opentelemetry/instrumentation-pino": { disableLogSending: logs.processors.length === 0 && file === undefined },
  };
  const instrumentations = instrument(mergeSettings(ours, options.instrumentations));
  const runtime = instrumentations.find(({ instrumentationName: name }) => name.endsWith("-runtime-node"));
  const exporting = await metricReadersFromEnvironment(producers);
  const metricsReader = new OnDemandReader(producers, exporting.length > 0 ? runtime : undefined);
  const { startNodeSdk, note } = await importSdk(isLean);
  const sdk = startNodeSdk({
    // At startup, only warnings and errors are worth reading.
    logLevel: process.env.OTEL_LOG_LEVEL || "warn",
    baseResource: defaultResource()
      .merge(
        resourceFromAttributes({
          [ATTR_SERVICE_NAME]: service.name,
          [ATTR_SERVICE_VERSION]: service.version,
          "deployment.environment.name": service.environment,
        }),
      )
      .merge(detectResources({ detectors: resourceDetectors })),
    instrumentations: [instrumentations],
    metricReaders: [metricsReader, ...exporting],
    logRecordProcessors: logs.processors,
    views: [boundedDestinations(destinations), ...views],
    ...(spanProcessors.length > 0 && {
      spanProcessors: [...spanProcessors, ...(await spanProcessorsFromEnvironment())],
    }),
    ...(sampler !== undefined && { sampler }),
  });

  const notes = note === undefined ? [] : [note];
  if (file !== undefined && (sampler || [spanProcessors, resourceDetectors, views].some((items) => items.length > 0))) {
    notes.push(
      "telemetry: OTEL_CONFIG_FILE is set: ignoring the span processors, sampler, detectors and views set in code",
    );
  }
  if (histograms !== undefined) {
    const spansReason = installLean();
    if (spansReason !== undefined) notes.push(`telemetry: using the SDK's own spans, which cost more: ${spansReason}`);
    const histogramsReason = whySdkHistograms(exporting, views);
    if (histogramsReason === undefined) useHistograms(histograms);
    else notes.push(`telemetry: using the SDK's own histograms, which cost more: ${histogramsReason}`);
  }
  limitPropagation();
  if (logs.processors.length > 0) countLostLines("otlp", logs.lost);
  return {
    metricsReader: metricsReader.connected ? metricsReader : undefined,
    notes,
    flushLogs: async () => void (await Promise.all(logs.processors.map((processor) => processor.forceFlush()))),
    shutdown: () => sdk.shutdown(),
  };
}

/** With OTEL_SDK_DISABLED, the service still measures itself for GET /metrics, but traces and sends nothing. */
function measureOnly(histograms: Histograms | undefined): Telemetry {
  followRequests();
  const metricsReader = new OnDemandReader(histograms === undefined ? [] : [histograms.producer]);
  const meterProvider = new MeterProvider({ readers: [metricsReader] });
  metrics.setGlobalMeterProvider(meterProvider);
  if (histograms !== undefined) useHistograms(histograms);
  return { metricsReader, notes: [], flushLogs: async () => {}, shutdown: () => meterProvider.shutdown() };
}

/** Puts `histograms` in front of the global meter provider. Call it before any code gets a meter. */
function useHistograms(histograms: Histograms): void {
  const sdk = metrics.getMeterProvider();
  // The API refuses to replace a registered provider.
  metrics.disable();
  metrics.setGlobalMeterProvider(histograms.wrap(sdk));
}

function whySdkHistograms(readers: readonly IMetricReader[], views: readonly ViewOptions[]): string | undefined {
  if (getStringFromEnv("OTEL_CONFIG_FILE") !== undefined) return "OTEL_CONFIG_FILE defines the metric readers";
  if (views.length > 0) return "there are views";
  return readers.map(whyNotReadable).find((reason) => reason !== undefined);
}

/** Merges the settings by instrumentation; `theirs` take precedence. */
function mergeSettings(ours: InstrumentationConfigMap, theirs: InstrumentationConfigMap): InstrumentationConfigMap {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const settings = (map: InstrumentationConfigMap, name: string) => new Map(Object.entries(map)).get(name);
  return Object.fromEntries([...names].map((name) => [name, { ...settings(ours, name), ...settings(theirs, name) }]));
}
