// Panels about the telemetry itself: whether it arrives. The collector's figures cover all services.
import { explainedBy } from "../builders/links.ts";
import { aMinute } from "../builders/panel.ts";
import { allPerMinute, atMost, fullest, level, perMinute, rate, ratio } from "../builders/promql.ts";
import { stat } from "../builders/stat.ts";
import { timeSeries } from "../builders/time-series.ts";
import { frames } from "../dashboards.ts";
import { type Counter, metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { lostAMinute, sendQueueShare } from "./limits.ts";

const { decisions, keptCalls, requestDuration, spanCalls } = metrics;
const { receivedSpans, refusedSpans, failedSpans, sentSpans, unsentSpans, unqueuedSpans } = metrics;
const { receivedPoints, refusedPoints, failedPoints, sentPoints, unsentPoints, unqueuedPoints } = metrics;
const { failedLines, linesLost, receivedLines, refusedLines, sentLines, unqueuedLines, unsentLines } = metrics;
const { collectorMemory, sendQueue, sendQueueLimit, undecidedTraces } = metrics;
const requests = { where: ['span_kind="SPAN_KIND_SERVER"'] };
const sendQueues = ["instance", "exporter", "data_type"];

export const keptShareNow = stat(
  {
    title: "Traces kept",
    link: explainedBy(frames.runtime, "Requests with a trace"),
    decimals: 0,
    description:
      "Share of requests whose trace is kept: all slow, timed-out and failed ones, and a sample of the rest (100 % in development, 10 % in production; otel/collector.yaml). 0 % without requests. Above the sample rate: much is slow or fails.",
    unit: "percentunit",
  },
  // A trace counts as kept when it is decided, 5 s after it arrived: while the load falls, that is more than arrive.
  atMost(1, ratio(keptCalls, spanCalls, requests)),
);

export const lostNow = stat(
  {
    title: "Telemetry lost",
    link: explainedBy(frames.runtime, "Telemetry lost by cause"),
    decimals: 0,
    description:
      "Spans, metric points and log lines that the service or the collector could not send on, a minute. Any: Telemetry lost by cause shows where. The service sends refused data again, as long as its own queue lasts.",
    unit: aMinute,
    limits: lostAMinute,
  },
  allPerMinute([
    refusedSpans,
    failedSpans,
    unsentSpans,
    unqueuedSpans,
    refusedPoints,
    failedPoints,
    unsentPoints,
    unqueuedPoints,
    refusedLines,
    failedLines,
    unsentLines,
    unqueuedLines,
    undecidedTraces,
    linesLost,
  ]),
);

export const tracedShare = timeSeries(
  {
    title: "Requests with a trace",
    description:
      "Request spans that reached the collector, and those kept, per request that the service counted (the SDK does not count its losses). Well below 100 %: the SDK's queue overflows (OTEL_BSP_MAX_QUEUE_SIZE) or a sampler is set.",
    unit: "percentunit",
  },
  [
    { expr: atMost(1, ratio(spanCalls, requestDuration, {}, requests)), legend: "reached the collector" },
    { expr: atMost(1, ratio(keptCalls, requestDuration, {}, requests)), legend: "kept" },
  ],
);

export const keptByPolicy = timeSeries(
  {
    title: "Traces decided by policy",
    description:
      "Decisions of the collector's tail sampling, a second: each policy decides on each trace, and one vote is enough to keep it. A policy keeps much more than before: look at what it stands for, such as slow or failed requests.",
    unit: "suffix: /s",
  },
  [{ expr: rate(decisions, { by: ["policy", "sampled"] }), legend: "{{policy}}: {{sampled}}" }],
);

/** What the collector received from services and sent to its store, a second. */
function flow(title: string, description: string, received: Counter, sent: Counter) {
  return timeSeries({ title, description, unit: "suffix: /s" }, [
    { expr: rate(received), legend: "received" },
    { expr: rate(sent, { by: ["exporter"] }), legend: "sent by {{exporter}}" },
  ]);
}

export const spanFlow = flow(
  "Spans through the collector",
  "Received from services and sent to Jaeger, a second. Sent is lower because tail sampling drops traces, and later because it waits. Sent falls to zero while received goes on: Jaeger is down, and the queue fills.",
  receivedSpans,
  sentSpans,
);

export const pointFlow = flow(
  "Metric points through the collector",
  "Received from services and sent to Prometheus, a second. Sent is higher because the collector adds metrics from spans. Nothing received: no service reports, so their figures are stale; see their logs.",
  receivedPoints,
  sentPoints,
);

export const lineFlow = flow(
  "Log lines through the collector",
  "Received from services and sent to VictoriaLogs, a second. Nothing received: OTEL_LOGS_EXPORTER is none, and the lines are on the services' standard output only. Received but not sent: VictoriaLogs is down, and the queue fills.",
  receivedLines,
  sentLines,
);

export const losses = timeSeries(
  {
    title: "Telemetry lost by cause",
    description:
      "Losses a minute. refused: the collector is short of memory. failed: it could not process accepted data. not sent: Jaeger, Prometheus or VictoriaLogs rejected it. queue full: they were down for too long. undecided: too many traces wait for a decision (num_traces). log lines: the service could not write or send them.",
    unit: aMinute,
    limits: lostAMinute,
  },
  [
    { expr: allPerMinute([refusedSpans, refusedPoints, refusedLines]), legend: "refused" },
    { expr: allPerMinute([failedSpans, failedPoints, failedLines]), legend: "failed" },
    { expr: allPerMinute([unsentSpans, unsentPoints, unsentLines]), legend: "not sent" },
    { expr: allPerMinute([unqueuedSpans, unqueuedPoints, unqueuedLines]), legend: "queue full" },
    { expr: perMinute(undecidedTraces), legend: "undecided traces" },
    { expr: perMinute(linesLost, { by: ["destination"] }), legend: "log lines to {{destination}}" },
  ],
  { failures: true },
);

export const sendQueueUse = timeSeries(
  {
    title: "Send queues in use",
    description:
      "How full the collector's queue to each server is. Above zero for long: that server is slow or down. At 100 % the collector refuses new data, and the services keep it as long as they can.",
    unit: "percentunit",
    limits: sendQueueShare,
  },
  [{ expr: fullest(sendQueue, sendQueueLimit, sendQueues, { by: ["exporter"] }), legend: "{{exporter}}" }],
);

export const collectorMemoryUse = timeSeries(
  {
    title: "Memory of the collector",
    description:
      "Resident memory. Its memory limiter refuses data before the container's limit (docker-compose.yml). It grows with the queues and with traces that wait for a decision: send fewer traces at a time, or raise the limit.",
    unit: "bytes",
  },
  [{ expr: level(collectorMemory), legend: "collector", color: colors.running }],
);
