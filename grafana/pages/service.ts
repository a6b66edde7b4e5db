// "Service and protection": whether the service meets its targets, and what it refuses, times out or stops calling to meet them.
import { dashboard } from "../builders/dashboard.ts";
import { frames } from "../dashboards.ts";
import {
  admission,
  breakerOutcomes,
  breakerStates,
  callLatency,
  callRate,
  callRepeats,
  endedConnections,
  queueWait,
  rateLimiter,
  refused,
  timeoutsByCause,
} from "../panels/protection.ts";
import { errorRate, latency, latencyByRoute, requestRate } from "../panels/requests.ts";
import { targets } from "../panels/targets.ts";

export const service = dashboard(frames.service, [
  { height: 4, panels: targets },
  { height: 8, panels: [requestRate, errorRate] },
  { height: 8, panels: [latency, latencyByRoute] },
  { height: 8, panels: [admission, queueWait, refused] },
  { title: "Limits", height: 8, panels: [timeoutsByCause, rateLimiter, endedConnections] },
  { title: "Circuit breakers", height: 8, panels: [breakerStates, breakerOutcomes] },
  { title: "Outbound calls", height: 8, panels: [callRate, callLatency, callRepeats] },
]);
