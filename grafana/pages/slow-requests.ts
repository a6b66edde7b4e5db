// "Slow requests": which requests are slow, and where their time goes. In reading order: whether anything is over its limit now,
// what the slowest requests wait for, and which routes and requests those are.
import { dashboard } from "../builders/dashboard.ts";
import { wide } from "../builders/layout.ts";
import { frames } from "../dashboards.ts";
import { phaseCauses, sharedCauses, symptoms, waitingFor } from "../panels/causes.ts";
import { slowQueryRate, slowQueryTable } from "../panels/database.ts";
import { phasesByRoute, phasesOfSlowest } from "../panels/phases.ts";
import { busyRoutes, latency, latencyByRoute, requestRate, slowestRoutes } from "../panels/requests.ts";
import { slowTraces } from "../panels/traces.ts";

export const slowRequests = dashboard(frames.slowRequests, [
  // These rows fit on a screen of 1440 × 900, with the first lines of the tables.
  {
    height: 6,
    blocks: [wide(4, waitingFor), { width: 20, lines: [[...symptoms, ...sharedCauses], phaseCauses] }],
  },
  { height: 8, blocks: [wide(8, phasesOfSlowest), wide(16, phasesByRoute)] },
  { height: 8, blocks: [wide(13, slowestRoutes), wide(11, slowTraces)] },
  // Details, for finding the cause.
  { title: "By route", height: 8, panels: [latency, latencyByRoute] },
  { height: 8, panels: [requestRate, busyRoutes] },
  { title: "Slow queries", height: 8, panels: [slowQueryTable, slowQueryRate] },
]);
