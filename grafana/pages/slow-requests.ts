// "Slow requests": which requests are slow, and where their time went. From left to right and down: is there a problem,
// which routes and which requests have it, and do they wait for queries or for connections.
import { dashboard } from "./builders/dashboard.ts";
import {
  poolQueue,
  poolUse,
  poolWaitTime,
  queryLatency,
  queryRate,
  slowQueriesNow,
  slowQueryRate,
  waitingNow,
} from "./panels/database.ts";
import {
  busyRoutes,
  errorRate,
  errorShareNow,
  latency,
  latencyByRoute,
  latencyNow,
  requestRate,
  requestRateNow,
  slowestRoutes,
} from "./panels/requests.ts";
import { slowTraces } from "./panels/traces.ts";

const uid = "slow-requests";

export const slowRequests = dashboard(
  {
    uid,
    title: "Slow requests",
    description: "Which requests are slow, and where their time went.",
  },
  [
    // Seen at once on a screen of 1440 × 900: the figures, the graphs, and the two tables to click on.
    {
      height: 4,
      panels: [
        requestRateNow,
        errorShareNow,
        latencyNow(0.95, "p95", "One request in 20"),
        latencyNow(0.99, "p99", "One request in 100"),
        slowQueriesNow,
        waitingNow,
      ],
    },
    { height: 8, panels: [requestRate, errorRate, latency] },
    { height: 8, panels: [slowestRoutes(uid), slowTraces] },
    // Further down, for who looks for a cause.
    { title: "By route", height: 8, panels: latencyByRoute },
    { height: 8, panels: [busyRoutes] },
    { title: "Queries", height: 8, panels: [queryRate, queryLatency, slowQueryRate] },
    { title: "Connection pool", height: 8, panels: [poolUse, poolQueue, poolWaitTime] },
  ],
);
