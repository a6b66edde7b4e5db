// Writes metrics in Prometheus' text format, under the names that Prometheus uses for metrics sent by OTLP: they end with the unit
// (`http_server_request_duration_seconds`), which the SDK's exporter leaves out. So the same query works either way.
import { emptyResource } from "@opentelemetry/resources";
import { DataPointType, type MetricData, type ResourceMetrics } from "@opentelemetry/sdk-metrics";

/** Prometheus' names for units; others keep their own (https://github.com/prometheus/otlptranslator, Apache 2.0). */
const units: Readonly<Record<string, string>> = {
  // Time.
  d: "days",
  h: "hours",
  min: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  // Bytes.
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  TiBy: "tebibytes",
  KBy: "kilobytes",
  MBy: "megabytes",
  GBy: "gigabytes",
  TBy: "terabytes",
  // Others.
  m: "meters",
  V: "volts",
  A: "amperes",
  J: "joules",
  W: "watts",
  g: "grams",
  Cel: "celsius",
  Hz: "hertz",
  "1": "",
  "%": "percent",
};
/** After a slash, such as in `By/s`. */
const perUnits: Readonly<Record<string, string>> = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  mo: "month",
  y: "year",
};

/** Serializes `metrics` in the exposition format 0.0.4. */
export async function prometheusText(metrics: ResourceMetrics): Promise<string> {
  const { PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
  // Without the resource: it holds the process's paths and arguments, which don't belong here, and reading it before all its
  // detectors have finished logs an error.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const scopeMetrics = metrics.scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map(renamed) }));
  return serializer.serialize({ resource: emptyResource(), scopeMetrics });
}

function renamed(metric: MetricData): MetricData {
  return { ...metric, descriptor: { ...metric.descriptor, name: prometheusName(metric) } };
}

/** The words of the name, the unit unless it is one of them, and at the end `total` for counters, `ratio` for gauges of `1`. */
function prometheusName(metric: MetricData): string {
  const { name, unit } = metric.descriptor;
  const words = name.split(/[^a-zA-Z0-9]+/).filter((word) => word !== "");
  const [main = "", per = ""] = unit.split("/", 2);
  const mainName = unitName(main, units);
  if (mainName !== "" && !words.includes(mainName)) words.push(mainName);
  const perName = unitName(per, perUnits);
  if (perName !== "" && !words.includes(perName)) words.push("per", perName);
  const isCounter = metric.dataPointType === DataPointType.SUM && metric.isMonotonic;
  const isRatio = unit === "1" && metric.dataPointType === DataPointType.GAUGE;
  const last = isCounter ? "total" : isRatio ? "ratio" : undefined;
  return last === undefined ? words.join("_") : [...words.filter((word) => word !== last), last].join("_");
}

/** Empty for annotations, such as `{request}`. */
function unitName(unit: string, names: Readonly<Record<string, string>>): string {
  const trimmed = unit.trim();
  if (/[{}]/.test(trimmed)) return "";
  return names[trimmed] ?? trimmed.replaceAll(/[^a-zA-Z0-9]+/g, "_");
}
