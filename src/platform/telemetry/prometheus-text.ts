// Writes metrics in Prometheus' text format, under the names that Prometheus uses for metrics sent by OTLP: they end with the unit
// (`http_server_request_duration_seconds`), which the SDK's exporter leaves out. So the same query works either way.
import { emptyResource } from "@opentelemetry/resources";
import { DataPointType, type MetricData, type ResourceMetrics } from "@opentelemetry/sdk-metrics";

/** Prometheus' names of units (https://prometheus.io/docs/guides/opentelemetry). Annotations, such as `{request}`, don't count. */
const units: Readonly<Record<string, string>> = {
  d: "days",
  h: "hours",
  min: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  KBy: "kilobytes",
  MBy: "megabytes",
  GBy: "gigabytes",
  Hz: "hertz",
  Cel: "celsius",
  "%": "percent",
};

/** Serializes `metrics` in the exposition format 0.0.4. */
export async function prometheusText(metrics: ResourceMetrics): Promise<string> {
  const { PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
  // Without the resource: it holds the process's paths and arguments, which don't belong here, and reading it before all its
  // detectors have finished logs an error.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const scopeMetrics = metrics.scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map(withUnit) }));
  return serializer.serialize({ resource: emptyResource(), scopeMetrics });
}

function withUnit(metric: MetricData): MetricData {
  const { name, unit } = metric.descriptor;
  const isRatio = unit === "1" && metric.dataPointType === DataPointType.GAUGE;
  const suffix = isRatio ? "ratio" : units[unit];
  if (suffix === undefined || name.split(/[._]/).includes(suffix)) return metric;
  return { ...metric, descriptor: { ...metric.descriptor, name: `${name}.${suffix}` } };
}
