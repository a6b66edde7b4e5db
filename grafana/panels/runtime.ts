// Panels about the process: its event loop, its processor time, its memory.
import { explainedBy } from "../builders/dashboard.ts";
import { stat, timeSeries } from "../builders/panel.ts";
import { beyond, busy, fullest, highest, level, rate } from "../builders/promql.ts";
import { frames } from "../dashboards.ts";
import { type Gauge, metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { loopSeconds, loopShare, memoryShare } from "./limits.ts";

const { cpuTime, gcDuration, heapSize, heapUsed, loopDelayMax, loopDelayP50, loopDelayP99, loopUtilization } = metrics;
const { memoryLimit, memoryUsage } = metrics;
const byInstance = { by: ["service_instance_id"] };

/** Node measures the delay with a timer of 10 ms, and that is in what it says: taken off here. */
const timerSeconds = 0.01;
const delay = (metric: Gauge) => beyond(timerSeconds, highest(metric));

// Each shown on several dashboards.
export const loopDelayNow = (title: string) =>
  stat(
    {
      title,
      description:
        "How late timers run in the worst instance, 99th percentile: every request is late by as much. Red: something computes for long without a pause (JSON, sorting, regular expressions, compression). The phase loop names the victims; a CPU profile the culprit.",
      unit: "s",
      limits: loopSeconds,
      link: explainedBy(frames.runtime),
    },
    delay(loopDelayP99),
  );

export const memoryNow = (title: string) =>
  stat(
    {
      title,
      description:
        "Resident memory of the instance that is closest to its limit. The target is 70 %; from 90 % on the lowest class is refused. Rising for hours without coming down: a leak, so compare two heap snapshots. High and level: give it more.",
      unit: "percentunit",
      limits: memoryShare,
      link: explainedBy(frames.runtime),
    },
    fullest(memoryUsage, memoryLimit, ["service_instance_id"]),
  );

export const loopUseNow = stat(
  {
    title: "Event loop in use",
    description:
      "Share of the time in which the busiest instance's event loop runs code. Near 100 % it is the limit of what one process can do: add replicas, or find in a CPU profile what it computes.",
    unit: "percentunit",
    limits: loopShare,
  },
  highest(loopUtilization),
);

export const cpuNow = stat(
  {
    title: "CPU",
    description:
      "Processor time of all chosen instances: 100 % is one core. More than 100 % of one instance: garbage collection and other threads work beside its code. High with an idle event loop: look at garbage collection.",
    unit: "percentunit",
  },
  rate(cpuTime),
);

export const loopDelay = timeSeries(
  {
    title: "Event-loop delay",
    description:
      "How late timers run in the worst instance. Maximum high, p50 low: now and then something blocks for that long. All high: it is busy all the time, see Event loop in use. The service refuses its lowest class from LOOP_DELAY_SHED_MS (200 ms) on.",
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
      "Share of the time in which each instance's event loop runs code. One instance far above the others: the load is not spread, or it has work of its own. All near 100 %: add replicas.",
    unit: "percentunit",
    limits: loopShare,
  },
  [{ expr: highest(loopUtilization, byInstance), legend: "{{service_instance_id}}" }],
);

export const cpu = timeSeries(
  {
    title: "CPU by instance and mode",
    description:
      "Processor time: 100 % is one core. user is code, compilation and garbage collection; system is the kernel: sockets and files. System above user: many small reads and writes.",
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
      "Resident memory of each instance, and what the container or the machine allows one. The container is killed at the limit. Rising for hours: a leak. Memory far above the heap: buffers, or the libraries' own memory.",
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
      "JavaScript objects of the chosen instances, and the size of the heap. old_space rising after each collection: a leak. large_object_space: big strings and arrays, such as whole answers. Compare two heap snapshots.",
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
      "Share of the time that is spent in it, by kind. minor: short-lived objects, a few percent are normal. major much: memory is short, or much is kept and thrown away. It delays every request, and the phase loop shows whom.",
    unit: "percentunit",
  },
  [{ expr: busy(gcDuration, { by: ["v8js_gc_type"] }), legend: "{{v8js_gc_type}}" }],
  { stacked: true },
);
