// Starts OpenTelemetry: the SDK, by the variables of its specification, and in front of it what makes it cheaper (see README.md
// beside this file). Everything else in the service uses the API and does not know which of the two modes runs.
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
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from "@opentelemetry/semantic-conventions";
import { ownHostsOf } from "../own-hosts.ts";
import { followRequests } from "./follow-requests.ts";
import { Histograms, whyNotReadable } from "./histograms.ts";
import { startLean } from "./lean/start.ts";
import { instrument } from "./loading/instrumentations.ts";
import { importSdk } from "./loading/sdk.ts";
import { metricReadersFromEnvironment, OnDemandReader } from "./metric-readers.ts";
import { boundedDestinations, outboundInstrumentation } from "./outbound-instrumentation.ts";
import { keepContextFromStrangers } from "./outbound-propagation.ts";
import { spanProcessorsFromEnvironment } from "./span-processors.ts";

export interface TelemetryOptions {
  /** Unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES says otherwise. */
  service: { name: string; version: string; environment: string };
  /** Settings by instrumentation, such as `{ enabled: false }`; those that are not named are on. */
  instrumentations: InstrumentationConfigMap;
  /** Called before the exporter's, so that `onStart` and `onEnding` can change a span. */
  spanProcessors?: SpanProcessor[];
  /** In place of the one that OTEL_TRACES_SAMPLER names. */
  sampler?: Sampler;
  /** Beside those that OTEL_NODE_RESOURCE_DETECTORS names. */
  resourceDetectors?: ResourceDetector[];
  /** Any makes the histograms those of the SDK, which alone heed views. */
  views?: ViewOptions[];
}

export interface Telemetry {
  /** What GET /metrics reads. With OTEL_CONFIG_FILE that file alone says who reads metrics, and there is none. */
  metricsReader: OnDemandReader | undefined;
  /** What runs otherwise than TELEMETRY_MODE says, and why: a line each, for the log. */
  notes: string[];
  /** Sends what is left, and gives up when the collector is away. */
  shutdown(): Promise<void>;
}

/** Call it once, ahead of the libraries that are to be traced. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const isLean = process.env.TELEMETRY_MODE !== "standard";
  const histograms = isLean ? new Histograms() : undefined;
  const producers = histograms === undefined ? [] : [histograms.producer];
  if (getBooleanFromEnv("OTEL_SDK_DISABLED")) return measureOnly(histograms);

  const { service, spanProcessors = [], sampler, resourceDetectors = [], views = [] } = options;
  const isOwn = ownHostsOf(process.env.OUTBOUND_OWN_HOSTS ?? "");
  const instrumentations = instrument(merged(outboundInstrumentation(isOwn), options.instrumentations));
  const runtime = instrumentations.find(({ instrumentationName: name }) => name.endsWith("-runtime-node"));
  const exporting = await metricReadersFromEnvironment(producers);
  const metricsReader = new OnDemandReader(producers, exporting.length > 0 ? runtime : undefined);
  const { startNodeSdk, note } = await importSdk(isLean);
  const sdk = startNodeSdk({
    // A message while it starts is worth reading only when something is wrong.
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
    views: [boundedDestinations(isOwn), ...views],
    ...(spanProcessors.length > 0 && {
      spanProcessors: [...spanProcessors, ...(await spanProcessorsFromEnvironment())],
    }),
    ...(sampler !== undefined && { sampler }),
  });

  const notes = note === undefined ? [] : [note];
  const file = getStringFromEnv("OTEL_CONFIG_FILE");
  if (file !== undefined && (sampler || [spanProcessors, resourceDetectors, views].some((own) => own.length > 0))) {
    notes.push(
      "telemetry: OTEL_CONFIG_FILE decides: span processors, sampler, detectors and views of the code are not used",
    );
  }
  if (histograms !== undefined) {
    const spans = startLean();
    if (spans !== undefined) notes.push(`telemetry: spans are the SDK's own, which cost more: ${spans}`);
    const sdkHistograms = whySdkHistograms(exporting, views);
    if (sdkHistograms === undefined) inFrontOfSdk(histograms);
    else notes.push(`telemetry: histograms are the SDK's own, which cost more: ${sdkHistograms}`);
  }
  keepContextFromStrangers();
  return { metricsReader: metricsReader.connected ? metricsReader : undefined, notes, shutdown: () => sdk.shutdown() };
}

/** With OTEL_SDK_DISABLED the service still measures itself for GET /metrics; nothing is traced or sent. */
function measureOnly(histograms: Histograms | undefined): Telemetry {
  followRequests();
  const metricsReader = new OnDemandReader(histograms === undefined ? [] : [histograms.producer]);
  const meterProvider = new MeterProvider({ readers: [metricsReader] });
  metrics.setGlobalMeterProvider(meterProvider);
  if (histograms !== undefined) inFrontOfSdk(histograms);
  return { metricsReader, notes: [], shutdown: () => meterProvider.shutdown() };
}

/** Before anybody takes a meter. */
function inFrontOfSdk(histograms: Histograms): void {
  const sdk = metrics.getMeterProvider();
  // A second registration is refused while there is a first.
  metrics.disable();
  metrics.setGlobalMeterProvider(histograms.inFrontOf(sdk));
}

function whySdkHistograms(readers: readonly IMetricReader[], views: readonly ViewOptions[]): string | undefined {
  if (getStringFromEnv("OTEL_CONFIG_FILE") !== undefined) return "OTEL_CONFIG_FILE says who reads metrics";
  if (views.length > 0) return "there are views";
  return readers.map(whyNotReadable).find((reason) => reason !== undefined);
}

/** Settings of both for an instrumentation that both name. */
function merged(ours: InstrumentationConfigMap, theirs: InstrumentationConfigMap): InstrumentationConfigMap {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const settings = (map: InstrumentationConfigMap, name: string) => new Map(Object.entries(map)).get(name);
  return Object.fromEntries([...names].map((name) => [name, { ...settings(ours, name), ...settings(theirs, name) }]));
}
