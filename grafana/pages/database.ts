// "Database": what the queries cost, and how long requests wait for a connection.
import { dashboard } from "../builders/dashboard.ts";
import { frames } from "../dashboards.ts";
import {
  poolQueue,
  poolUse,
  poolWaitTime,
  queryEndings,
  queryErrors,
  queryLatency,
  queryRate,
  queryTable,
  slowQueryRate,
  slowQueryTable,
} from "../panels/database.ts";
import {
  poolUseNow,
  poolWaitNow,
  queryErrorsNow,
  queryTimeNow,
  slowQueriesNow,
  waitingNow,
} from "../panels/database-figures.ts";

export const database = dashboard(frames.database, [
  { height: 4, panels: [poolUseNow, waitingNow, poolWaitNow, queryTimeNow, slowQueriesNow, queryErrorsNow] },
  { height: 8, panels: [poolUse, poolQueue, poolWaitTime] },
  { height: 8, panels: [queryRate, queryLatency, queryErrors] },
  { title: "Which queries", height: 8, panels: [queryTable, slowQueryTable] },
  { height: 8, panels: [slowQueryRate, queryEndings] },
]);
