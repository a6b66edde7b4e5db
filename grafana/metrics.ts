// Every metric that a dashboard may use, by its OpenTelemetry name. Panels can only use this table, so a renamed metric is a type
// error or a failing test, not an empty panel.

/** A metric as the service or the collector emits it. `labels`: those besides {@link commonLabels}. */
export type Metric = {
  readonly name: string;
  readonly kind: "histogram" | "counter" | "gauge";
  /** `1` is a ratio. Counts (requests, connections) have none, because Prometheus adds no suffix for those. */
  readonly unit?: "s" | "By" | "1";
  readonly labels: readonly string[];
  /** The job that Prometheus scrapes it from. `name` is then the name there, and the metric belongs to no service. */
  readonly scraped?: "otel-collector";
  /** A recording rule (otel/rules) computes it, for each service. `name` is then its name in Prometheus. */
  readonly recorded?: true;
};

/** On every series: Prometheus copies or derives them from the resource (otel/prometheus.yml). */
export const commonLabels = ["service_name", "service_instance_id", "deployment_environment_name", "job", "instance"];

const pool = "db_client_connection_pool_name";
const queryName = "db_query_summary";
const spanLabels = [
  "span_name",
  "span_kind",
  "status_code",
  "http_route",
  "http_request_method",
  "http_response_status_code",
  "error_type",
  queryName,
];

export const metrics = {
  requestDuration: {
    name: "http.server.request.duration",
    kind: "histogram",
    unit: "s",
    labels: ["http_route", "http_request_method", "http_response_status_code", "error_type"],
  },
  // Every request counts in all eight phases, with zero in those that it did not have.
  phaseDuration: {
    name: "request.phase.duration",
    kind: "histogram",
    unit: "s",
    labels: ["phase", "http_route", "request_slowest"],
  },
  timeouts: { name: "request.timeouts", kind: "counter", labels: ["http_route", "error_type"] },

  admissionLimit: { name: "admission.limit", kind: "gauge", labels: [] },
  admissionRunning: { name: "admission.running", kind: "gauge", labels: ["class"] },
  admissionQueued: { name: "admission.queued", kind: "gauge", labels: ["class"] },
  admissionWait: { name: "admission.wait.duration", kind: "histogram", unit: "s", labels: ["class", "error_type"] },
  admissionRefused: { name: "admission.refused", kind: "counter", labels: ["reason", "class"] },
  breakerState: { name: "breaker.state", kind: "gauge", labels: ["breaker"] },
  breakerCalls: { name: "breaker.calls", kind: "counter", labels: ["breaker", "outcome"] },
  rateLimitDecisions: { name: "ratelimit.decisions", kind: "counter", labels: ["decision", "by"] },

  queryDuration: {
    name: "db.client.operation.duration",
    kind: "histogram",
    unit: "s",
    labels: [queryName, "error_type"],
  },
  slowQueries: { name: "db.query.slow", kind: "counter", labels: [queryName, "db_query_fingerprint"] },
  killedQueries: { name: "db.query.killed", kind: "counter", labels: [queryName] },
  retriedQueries: { name: "db.query.retried", kind: "counter", labels: [queryName, "reason"] },
  poolConnections: {
    name: "db.client.connection.count",
    kind: "gauge",
    labels: ["db_client_connection_state", pool],
  },
  poolMax: { name: "db.client.connection.max", kind: "gauge", labels: [pool] },
  poolWaiting: { name: "db.client.connection.pending_requests", kind: "gauge", labels: [pool] },
  poolWait: { name: "db.client.connection.wait_time", kind: "histogram", unit: "s", labels: [pool, "error_type"] },
  poolTimeouts: { name: "db.client.connection.timeouts", kind: "counter", labels: [pool] },

  callDuration: {
    name: "http.client.request.duration",
    kind: "histogram",
    unit: "s",
    labels: ["server_address", "server_port", "http_request_method", "http_response_status_code", "error_type"],
  },
  callRetries: { name: "http.client.retries", kind: "counter", labels: ["outcome"] },
  callsRefused: { name: "http.client.refused", kind: "counter", labels: ["reason"] },

  memoryUsage: { name: "process.memory.usage", kind: "gauge", unit: "By", labels: [] },
  memoryLimit: { name: "process.memory.limit", kind: "gauge", unit: "By", labels: [] },
  cpuTime: { name: "process.cpu.time", kind: "counter", unit: "s", labels: ["cpu_mode"] },
  loopDelayP50: { name: "nodejs.eventloop.delay.p50", kind: "gauge", unit: "s", labels: [] },
  loopDelayP99: { name: "nodejs.eventloop.delay.p99", kind: "gauge", unit: "s", labels: [] },
  loopDelayMax: { name: "nodejs.eventloop.delay.max", kind: "gauge", unit: "s", labels: [] },
  loopUtilization: { name: "nodejs.eventloop.utilization", kind: "gauge", unit: "1", labels: [] },
  loopTime: { name: "nodejs.eventloop.time", kind: "counter", unit: "s", labels: ["nodejs_eventloop_state"] },
  gcDuration: { name: "v8js.gc.duration", kind: "histogram", unit: "s", labels: ["v8js_gc_type"] },
  heapUsed: { name: "v8js.memory.heap.used", kind: "gauge", unit: "By", labels: ["v8js_heap_space_name"] },
  heapSize: { name: "v8js.memory.heap.space.size", kind: "gauge", unit: "By", labels: ["v8js_heap_space_name"] },

  linesLost: { name: "log.lines.lost", kind: "counter", labels: ["destination"] },
  connectionsEnded: { name: "http.server.connections.ended", kind: "counter", labels: ["reason"] },
  /** One series for each service: 1, with the cause of its slow requests now. */
  verdict: { name: "service:verdict", kind: "gauge", labels: ["cause", "waiting_for", "page"], recorded: true },
  /** One series for each instance, with its version. */
  instances: { name: "target_info", kind: "gauge", labels: ["service_version"], recorded: true },

  // Computed by the collector (otel/collector.yaml) from all spans, before sampling.
  spanCalls: { name: "traces.span.metrics.calls", kind: "counter", labels: spanLabels },
  // The same for the kept traces, which are in Jaeger. They carry exemplars, which the JavaScript SDK does not support, so each
  // exemplar opens an existing trace.
  keptCalls: { name: "traces.kept.calls", kind: "counter", labels: spanLabels },
  keptDuration: { name: "traces.kept.duration", kind: "histogram", unit: "s", labels: spanLabels },

  // The collector's own metrics.
  receivedSpans: collectorCounter("otelcol_receiver_accepted_spans"),
  refusedSpans: collectorCounter("otelcol_receiver_refused_spans"),
  failedSpans: collectorCounter("otelcol_receiver_failed_spans"),
  receivedPoints: collectorCounter("otelcol_receiver_accepted_metric_points"),
  refusedPoints: collectorCounter("otelcol_receiver_refused_metric_points"),
  failedPoints: collectorCounter("otelcol_receiver_failed_metric_points"),
  sentSpans: collectorCounter("otelcol_exporter_sent_spans", "exporter"),
  sentPoints: collectorCounter("otelcol_exporter_sent_metric_points", "exporter"),
  unsentSpans: collectorCounter("otelcol_exporter_send_failed_spans", "exporter"),
  unsentPoints: collectorCounter("otelcol_exporter_send_failed_metric_points", "exporter"),
  unqueuedSpans: collectorCounter("otelcol_exporter_enqueue_failed_spans", "exporter"),
  unqueuedPoints: collectorCounter("otelcol_exporter_enqueue_failed_metric_points", "exporter"),
  unsentLines: collectorCounter("otelcol_exporter_send_failed_log_records", "exporter"),
  unqueuedLines: collectorCounter("otelcol_exporter_enqueue_failed_log_records", "exporter"),
  refusedLines: collectorCounter("otelcol_receiver_refused_log_records"),
  failedLines: collectorCounter("otelcol_receiver_failed_log_records"),
  receivedLines: collectorCounter("otelcol_receiver_accepted_log_records"),
  sentLines: collectorCounter("otelcol_exporter_sent_log_records", "exporter"),
  undecidedTraces: collectorCounter("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early"),
  decisions: collectorCounter("otelcol_processor_tail_sampling_count_traces_sampled", "policy", "sampled"),
  sendQueue: { ...collectorCounter("otelcol_exporter_queue_size", "exporter", "data_type"), kind: "gauge" },
  sendQueueLimit: { ...collectorCounter("otelcol_exporter_queue_capacity", "exporter", "data_type"), kind: "gauge" },
  // Prometheus adds it for every server that it scrapes.
  up: { ...collectorCounter("up"), kind: "gauge" },
  collectorMemory: { ...collectorCounter("otelcol_process_memory_rss"), kind: "gauge" },
} as const satisfies Record<string, Metric>;

/** Metrics by kind, which determines whether they have a rate, a quantile or a level. */
export type Histogram = Metric & { readonly kind: "histogram" };
export type Counter = Metric & { readonly kind: "counter" };
export type Gauge = Metric & { readonly kind: "gauge" };

/** The collector's counters lack the `_total` that Prometheus would add. */
function collectorCounter(name: string, ...labels: string[]): Counter & { readonly scraped: "otel-collector" } {
  return { name, kind: "counter", labels, scraped: "otel-collector" };
}

const suffixes = { s: "_seconds", By: "_bytes", 1: "_ratio" } as const;

/** The metric's name in Prometheus after OTLP translation, without a histogram's `_bucket`, `_count` and `_sum`. */
export function prometheusName({ name, kind, unit, scraped, recorded }: Metric): string {
  if (scraped || recorded) return name;
  const total = kind === "counter" ? "_total" : "";
  return name.replaceAll(".", "_") + (unit ? suffixes[unit] : "") + total;
}

/** The names of a metric's series in Prometheus. */
export function seriesNames(metric: Metric): string[] {
  const name = prometheusName(metric);
  return metric.kind === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name];
}
