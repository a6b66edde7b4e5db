// Panels about the process: event loop, CPU, memory.
import { explainedBy } from "../builders/links.ts";
import { beyond, busy, fullest, highest, level, rate } from "../builders/promql.ts";
import { stat } from "../builders/stat.ts";
import { timeSeries } from "../builders/time-series.ts";
import { frames } from "../dashboards.ts";
import { type Gauge, metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { loopSeconds, loopShare, memoryShare } from "./limits.ts";

const { cpuTime, gcDuration, heapSize, heapUsed, loopDelayMax, loopDelayP50, loopDelayP99, loopUtilization } = metrics;
const { memoryLimit, memoryUsage } = metrics;
const byInstance = { by: ["service_instance_id"] };

/** Node measures the delay with a 10 ms timer and includes that in the result: subtracted here. */
const timerSeconds = 0.01;
const delay = (metric: Gauge) => beyond(timerSeconds, highest(metric));

// Shown on several dashboards.
export const loopDelayNow = (title: string) =>
  stat(
    {
      title,
      description:
        "How late timers run on the worst instance, 99th percentile: every request is late by as much. Red: something computes for long without a pause (JSON, sorting, regular expressions, compression). The phase loop shows the victims; a CPU profile shows the culprit.",
      unit: "s",
      limits: loopSeconds,
      link: explainedBy(frames.runtime, "Event-loop delay"),
    },
    delay(loopDelayP99),
  );

export const memoryNow = (title: string) =>
  stat(
    {
      title,
      description:
        "Resident memory of the instance closest to its limit. The target is 70 %; above 90 % low-priority requests are shed. Rising for hours without coming down: a leak, so compare two heap snapshots. High but stable: raise the limit.",
      unit: "percentunit",
      decimals: 1,
      limits: memoryShare,
      link: explainedBy(frames.runtime, "Memory by instance"),
    },
    fullest(memoryUsage, memoryLimit, ["service_instance_id"]),
  );

export const loopUseNow = stat(
  {
    title: "Loop in use",
    link: explainedBy(frames.runtime, "Event loop in use by instance"),
    decimals: 1,
    description:
      "Share of time in which the busiest instance's event loop runs code. Near 100 % the process is at its limit: add replicas, or find the expensive code in a CPU profile.",
    unit: "percentunit",
    limits: loopShare,
  },
  highest(loopUtilization),
);

export const cpuNow = stat(
  {
    title: "CPU",
    link: explainedBy(frames.runtime, "CPU by instance and mode"),
    decimals: 1,
    description:
      "CPU time of all selected instances: 100 % is one core. More than 100 % for one instance: garbage collection and other threads run next to its code. High with an idle event loop: look at garbage collection.",
    unit: "percentunit",
  },
  rate(cpuTime),
);

export const loopDelay = timeSeries(
  {
    title: "Event-loop delay",
    description:
      "How late timers run on the worst instance. High maximum, low p50: something blocks for that long now and then. All high: it is always busy, see Event loop in use by instance. Above LOOP_DELAY_SHED_MS (200 ms) the service sheds low-priority requests.",
    unit: "s",
    limits: loopSeconds,
  },
  [
    { expr: delay(loopDelayP50), legend: "p50", color: colors.p50 },
    { expr: delay(loopDelayP99), legend: "p99", color: colors.p99 },
    { expr: delay(loopDelayMax), legend: "maximum" },
  ],
);

export const loopUse = timeSeries(
  {
    title: "Event loop in use by instance",
    description:
      "Share of time in which each instance's event loop runs code. One instance far above the others: the load is not spread evenly, or it does other work. All near 100 %: add replicas.",
    unit: "percentunit",
    limits: loopShare,
  },
  [{ expr: highest(loopUtilization, byInstance), legend: "{{service_instance_id}}" }],
);

export const cpu = timeSeries(
  {
    title: "CPU by instance and mode",
    description:
      "CPU time: 100 % is one core. user is code, compilation and garbage collection; system is the kernel: sockets and files. system above user: many small reads and writes.",
    unit: "percentunit",
  },
  [
    {
      expr: rate(cpuTime, { by: ["cpu_mode", "service_instance_id"] }),
      legend: "{{cpu_mode}} {{service_instance_id}}",
    },
  ],
  { stacked: true },
);

export const memory = timeSeries(
  {
    title: "Memory by instance",
    description:
      "Resident memory of each instance, and the limit of its container or machine. The container is killed at the limit. Rising for hours: a leak. Far above the heap: buffers, or native memory of libraries.",
    unit: "bytes",
  },
  [
    { expr: level(memoryUsage, byInstance), legend: "{{service_instance_id}}" },
    { expr: highest(memoryLimit), legend: "limit", color: colors.limit },
  ],
);

export const heap = timeSeries(
  {
    title: "Heap in use by space",
    description:
      "JavaScript objects of the selected instances, and the size of the heap. old_space rising after each collection: a leak. large_object_space: big strings and arrays, such as whole responses. Compare two heap snapshots.",
    unit: "bytes",
  },
  [
    { expr: level(heapUsed, { by: ["v8js_heap_space_name"] }), legend: "{{v8js_heap_space_name}}" },
    { expr: level(heapSize), legend: "size", color: colors.limit },
  ],
);

export const garbage = timeSeries(
  {
    title: "Garbage collection",
    description:
      "Share of time spent in it, by kind. minor: short-lived objects, a few percent is normal. Much major: memory is short, or many long-lived objects are discarded. It delays every request; the phase loop shows which.",
    unit: "percentunit",
  },
  [{ expr: busy(gcDuration, { by: ["v8js_gc_type"] }), legend: "{{v8js_gc_type}}" }],
  { stacked: true },
);
