// Every metric that a dashboard may use, by its OpenTelemetry name. A panel can only ask for what is in this table, so a
// renamed metric is a type error or a failing test here, not an empty panel.

/** A metric as the service or the collector emits it. `labels` are those beside {@link commonLabels}. */
export type Metric = {
  readonly name: string;
  readonly kind: "histogram" | "counter" | "gauge";
  readonly unit?: "s";
  readonly labels: readonly string[];
};

/** On every series: Prometheus promotes them from the resource (otel/prometheus.yml) or makes them from it. */
export const commonLabels = ["service_name", "service_instance_id", "deployment_environment_name", "job", "instance"];

const pool = "db_client_connection_pool_name";

export const metrics = {
  requestDuration: {
    name: "http.server.request.duration",
    kind: "histogram",
    unit: "s",
    labels: ["http_route", "http_request_method", "http_response_status_code", "error_type"],
  },
  queryDuration: {
    name: "db.client.operation.duration",
    kind: "histogram",
    unit: "s",
    labels: ["db_query_summary", "error_type"],
  },
  slowQueries: { name: "db.query.slow", kind: "counter", labels: ["db_query_summary"] },
  poolConnections: {
    name: "db.client.connection.count",
    kind: "gauge",
    labels: ["db_client_connection_state", pool],
  },
  poolMax: { name: "db.client.connection.max", kind: "gauge", labels: [pool] },
  poolWaiting: { name: "db.client.connection.pending_requests", kind: "gauge", labels: [pool] },
  poolWait: { name: "db.client.connection.wait_time", kind: "histogram", unit: "s", labels: [pool] },
  poolTimeouts: { name: "db.client.connection.timeouts", kind: "counter", labels: [pool] },
  // Made from the spans by the collector (otel/collector.yaml), not by the service: the only one with exemplars, which
  // the JavaScript SDK does not have.
  spanDuration: {
    name: "traces.span.metrics.duration",
    kind: "histogram",
    unit: "s",
    labels: [
      "span_name",
      "span_kind",
      "status_code",
      "http_route",
      "http_request_method",
      "http_response_status_code",
      "error_type",
      "db_query_summary",
    ],
  },
} as const satisfies Record<string, Metric>;

/** The metrics of one kind: what a rate, a quantile or a level may be taken of. */
export type Histogram = Metric & { readonly kind: "histogram" };
export type Counter = Metric & { readonly kind: "counter" };
export type Gauge = Metric & { readonly kind: "gauge" };

/** The metric's name in Prometheus, as its OTLP receiver translates it, without a histogram's `_bucket`, `_count`, `_sum`. */
export function prometheusName({ name, kind, unit }: Metric): string {
  const seconds = unit === "s" ? "_seconds" : "";
  const total = kind === "counter" ? "_total" : "";
  return name.replaceAll(".", "_") + seconds + total;
}

/** The names of the metric's series in Prometheus. */
export function seriesNames(metric: Metric): string[] {
  const name = prometheusName(metric);
  return metric.kind === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name];
}
