// Metrics as Prometheus' text, under the names that Prometheus gives them when they come by OTLP: with their unit at the end
// (`http_server_request_duration_seconds`), which the exporter leaves out. So one query fits both ways.
import { emptyResource } from "@opentelemetry/resources";
import { DataPointType, type MetricData, type ResourceMetrics } from "@opentelemetry/sdk-metrics";

/** As https://prometheus.io/docs/guides/opentelemetry translates units; what is in braces, such as `{request}`, is no unit. */
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

/** In the exposition format 0.0.4. */
export async function prometheusText(metrics: ResourceMetrics): Promise<string> {
  const { PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
  // Without the resource: it has the process's paths and arguments, which do not belong here, and looking at it
  // before the last of its detectors has ended is an error in the log.
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
