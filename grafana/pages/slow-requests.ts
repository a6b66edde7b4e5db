// "Slow requests": which requests are slow, and where their time goes. In reading order: what is over its limit now, what the
// slowest requests wait for, and which routes and requests those are.
import { dashboard } from "../builders/dashboard.ts";
import { frames } from "../dashboards.ts";
import { causes } from "../panels/causes.ts";
import { slowQueryRate, slowQueryTable } from "../panels/database.ts";
import { phasesByRoute, phasesOfSlowest } from "../panels/phases.ts";
import { busyRoutes, latency, latencyByRoute, requestRate, slowestRoutes } from "../panels/requests.ts";
import { slowTraces } from "../panels/traces.ts";

export const slowRequests = dashboard(frames.slowRequests, [
  // These three rows fit on a screen of 1440 × 900.
  { title: "What is over its limit now?", height: 4, panels: causes },
  { height: 8, panels: [phasesOfSlowest, phasesByRoute, latency] },
  { height: 8, panels: [slowestRoutes, slowTraces] },
  // Details, for finding the cause.
  { title: "By route", height: 8, panels: latencyByRoute },
  { height: 8, panels: [busyRoutes, requestRate] },
  { title: "Slow queries", height: 8, panels: [slowQueryTable, slowQueryRate] },
]);
