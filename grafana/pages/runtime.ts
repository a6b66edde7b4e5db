// "Runtime and telemetry": how the process is doing, and whether all of its telemetry arrives.
import { dashboard } from "../builders/dashboard.ts";
import { frames } from "../dashboards.ts";
import {
  cpu,
  cpuNow,
  garbage,
  heap,
  loopDelay,
  loopDelayNow,
  loopUse,
  loopUseNow,
  memory,
  memoryNow,
} from "../panels/runtime.ts";
import {
  collectorMemoryUse,
  keptByPolicy,
  keptShareNow,
  lineFlow,
  losses,
  lostNow,
  pointFlow,
  sendQueueUse,
  spanFlow,
  tracedShare,
} from "../panels/telemetry.ts";

export const runtime = dashboard(frames.runtime, [
  {
    height: 4,
    panels: [loopDelayNow("Loop delay p99"), loopUseNow, cpuNow, memoryNow("Memory"), keptShareNow, lostNow],
  },
  { height: 8, panels: [loopDelay, loopUse, cpu] },
  { height: 8, panels: [memory, heap, garbage] },
  { title: "Telemetry: from the service to the collector", height: 8, panels: [tracedShare, keptByPolicy, losses] },
  { title: "Telemetry: through the collector", height: 8, panels: [spanFlow, pointFlow, lineFlow] },
  { height: 8, panels: [sendQueueUse, collectorMemoryUse] },
]);
