// Stand-ins for what OpenTelemetry's SDK imports from packages that most services never use. Each export stands in for the export
// of the same name, and loads its package when it's first called or constructed; see sdk.ts.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const grpc = "@opentelemetry/otlp-grpc-exporter-base";
const grpcLogs = "@opentelemetry/exporter-logs-otlp-grpc";
const grpcMetrics = "@opentelemetry/exporter-metrics-otlp-grpc";
const grpcTraces = "@opentelemetry/exporter-trace-otlp-grpc";
const prometheus = "@opentelemetry/exporter-prometheus";
const zipkin = "@opentelemetry/exporter-zipkin";
const configuration = "@opentelemetry/configuration";

/** The URLs of these packages, filled in by sdk.ts. */
export const packageUrls = new Map<string, string | undefined>(
  [grpc, grpcLogs, grpcMetrics, grpcTraces, prometheus, zipkin, configuration].map((name) => [name, undefined]),
);

const require = createRequire(import.meta.url);

export const createEmptyMetadata = standIn(grpc, "createEmptyMetadata");
export const createInsecureCredentials = standIn(grpc, "createInsecureCredentials");
export const createSslCredentials = standIn(grpc, "createSslCredentials");
export const OTLPLogExporter = standIn(grpcLogs, "OTLPLogExporter");
export const OTLPMetricExporter = standIn(grpcMetrics, "OTLPMetricExporter");
export const OTLPTraceExporter = standIn(grpcTraces, "OTLPTraceExporter");
export const PrometheusExporter = standIn(prometheus, "PrometheusExporter");
export const ZipkinExporter = standIn(zipkin, "ZipkinExporter");
export const parseConfigFile = standIn(configuration, "parseConfigFile");
export const mergeHeadersConfig = standIn(configuration, "mergeHeadersConfig");
export const mergePropagatorCompositeConfig = standIn(configuration, "mergePropagatorCompositeConfig");
export const mergeResourceAttributesConfig = standIn(configuration, "mergeResourceAttributesConfig");

function standIn(packageName: string, name: string): unknown {
  function real(): CallableFunction {
    const exported: Record<string, unknown> = require(fileURLToPath(packageUrls.get(packageName) ?? ""));
    const value = exported[name];
    if (typeof value !== "function") throw new TypeError(`${packageName} exports no ${name}`);
    return value;
  }
  return new Proxy(function standIn() {}, {
    apply: (_target, self, args) => Reflect.apply(real(), self, args),
    construct: (_target, args) => Reflect.construct(real(), args),
  });
}
