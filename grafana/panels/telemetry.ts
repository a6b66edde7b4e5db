// Panels about the telemetry itself: whether it arrives. The collector's figures cover all services.
import { stat, timeSeries } from "../builders/panel.ts";
import { fullest, level, rate, rates, ratio } from "../builders/promql.ts";
import { metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { lostASecond, sendQueueShare } from "./limits.ts";

const { decisions, keptCalls, requestDuration, spanCalls } = metrics;
const { receivedSpans, refusedSpans, failedSpans, sentSpans, unsentSpans, unqueuedSpans } = metrics;
const { receivedPoints, refusedPoints, failedPoints, sentPoints, unsentPoints, unqueuedPoints } = metrics;
const { collectorMemory, sendQueue, sendQueueLimit, undecidedTraces } = metrics;
const requests = { where: ['span_kind="SPAN_KIND_SERVER"'] };
const sendQueues = ["instance", "exporter", "data_type"];

export const keptShareNow = stat(
  {
    title: "Traces kept",
    description:
      "Share of requests whose trace is kept: all slow, timed-out and failed ones, and a sample of the rest (100 % in development, 10 % in production; otel/collector.yaml). 0 % without requests. Above the sample rate: much is slow or fails.",
    unit: "percentunit",
  },
  ratio(keptCalls, spanCalls, requests),
);

export const lostNow = stat(
  {
    title: "Telemetry lost",
    description:
      "Spans and metric points that the collector could not accept or forward, a second. Any: Telemetry lost by cause shows where. The service sends refused data again, as long as its own queue lasts.",
    unit: "cps",
    limits: lostASecond,
  },
  rates([
    refusedSpans,
    failedSpans,
    unsentSpans,
    unqueuedSpans,
    refusedPoints,
    failedPoints,
    unsentPoints,
    unqueuedPoints,
    undecidedTraces,
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
    { expr: ratio(spanCalls, requestDuration, {}, requests), legend: "reached the collector" },
    { expr: ratio(keptCalls, requestDuration, {}, requests), legend: "kept" },
  ],
);

export const keptByPolicy = timeSeries(
  {
    title: "Traces decided by policy",
    description:
      "Decisions of the collector's tail sampling, a second: each policy decides on each trace, and one vote is enough to keep it. A policy keeps much more than before: look at what it stands for, such as slow or failed requests.",
    unit: "cps",
  },
  [{ expr: rate(decisions, { by: ["policy", "sampled"] }), legend: "{{policy}}: {{sampled}}" }],
);

export const spanFlow = timeSeries(
  {
    title: "Spans through the collector",
    description:
      "Received from services and sent to Jaeger, a second. Sent is lower because tail sampling drops traces, and later because it waits. Sent falls to zero while received goes on: Jaeger is down, and the queue fills.",
    unit: "cps",
  },
  [
    { expr: rate(receivedSpans), legend: "received" },
    { expr: rate(sentSpans, { by: ["exporter"] }), legend: "sent by {{exporter}}" },
  ],
);

export const pointFlow = timeSeries(
  {
    title: "Metric points through the collector",
    description:
      "Received from services and sent to Prometheus, a second. Sent is higher because the collector adds metrics from spans. Nothing received: no service reports, so their figures are stale; see their logs.",
    unit: "cps",
  },
  [
    { expr: rate(receivedPoints), legend: "received" },
    { expr: rate(sentPoints, { by: ["exporter"] }), legend: "sent by {{exporter}}" },
  ],
);

export const losses = timeSeries(
  {
    title: "Telemetry lost by cause",
    description:
      "Losses a second. refused: the collector is short of memory. failed: it could not process accepted data. not sent: Jaeger or Prometheus rejected it. queue full: they were down for too long. undecided: too many traces wait for a decision (num_traces).",
    unit: "cps",
    limits: lostASecond,
  },
  [
    { expr: rates([refusedSpans, refusedPoints]), legend: "refused" },
    { expr: rates([failedSpans, failedPoints]), legend: "failed" },
    { expr: rates([unsentSpans, unsentPoints]), legend: "not sent" },
    { expr: rates([unqueuedSpans, unqueuedPoints]), legend: "queue full" },
    { expr: rate(undecidedTraces), legend: "undecided traces" },
  ],
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
