// The names of variables that are read elsewhere than in the service's own configuration: by the OpenTelemetry SDK and by the
// project's scripts, which pass their environment on. Only their names are needed, to notice misspelt ones.
const signals = ["TRACES", "METRICS", "LOGS"];
const limits = ["ATTRIBUTE_COUNT_LIMIT", "ATTRIBUTE_VALUE_LENGTH_LIMIT"];
const batch = ["SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE"];
const otlp = [
  "ENDPOINT",
  "HEADERS",
  "TIMEOUT",
  "COMPRESSION",
  "PROTOCOL",
  "INSECURE",
  "CERTIFICATE",
  "CLIENT_CERTIFICATE",
  "CLIENT_KEY",
];

/** The variables of OpenTelemetry's specification and of its SDK for Node, without those of single instrumentations. */
const ofTelemetry = [
  ...signals.map((signal) => `${signal}_EXPORTER`),
  ...["", ...signals.map((signal) => `${signal}_`)].flatMap((signal) =>
    otlp.map((setting) => `EXPORTER_OTLP_${signal}${setting}`),
  ),
  ...["", "SPAN_", "LOGRECORD_"].flatMap((kind) => limits.map((limit) => kind + limit)),
  ...["SPAN_EVENT", "SPAN_LINK", "SPAN_ATTRIBUTE_PER_EVENT", "SPAN_ATTRIBUTE_PER_LINK"].map(
    (what) => `${what}_COUNT_LIMIT`,
  ),
  ...["EVENT", "LINK"].map((what) => `${what}_ATTRIBUTE_COUNT_LIMIT`),
  ...["BSP", "BLRP"].flatMap((processor) => batch.map((setting) => `${processor}_${setting}`)),
  "CONFIG_FILE",
  "ENTITIES",
  "EXPERIMENTAL_CONFIG_FILE",
  "EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
  "EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
  "EXPORTER_PROMETHEUS_HOST",
  "EXPORTER_PROMETHEUS_PORT",
  "EXPORTER_ZIPKIN_ENDPOINT",
  "EXPORTER_ZIPKIN_TIMEOUT",
  "LOG_LEVEL",
  "METRIC_EXPORT_INTERVAL",
  "METRIC_EXPORT_TIMEOUT",
  "METRICS_EXEMPLAR_FILTER",
  "NODE_DISABLED_INSTRUMENTATIONS",
  "NODE_ENABLED_INSTRUMENTATIONS",
  "NODE_RESOURCE_DETECTORS",
  "PROPAGATORS",
  "RESOURCE_ATTRIBUTES",
  "SDK_DISABLED",
  "SEMCONV_STABILITY_OPT_IN",
  "SERVICE_NAME",
  "TRACES_SAMPLER",
  "TRACES_SAMPLER_ARG",
].map((name) => `OTEL_${name}`);

const names = [...ofTelemetry, "MYSQL_FROM", "VIEWER_PORT"];
// example: begin
names.push("API_KEY", "TARGET_URL", "TRAFFIC", "TRAFFIC_RATE", "WEBHOOK_HOST", "WEBHOOK_PORT", "WEBHOOK_URL");
// example: end

export const knownElsewhere: readonly string[] = names;
