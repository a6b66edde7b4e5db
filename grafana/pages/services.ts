// "Overview of services": a row for each service, for those who run several.
import { dashboard } from "../builders/dashboard.ts";
import { frames } from "../dashboards.ts";
import { serviceErrors, serviceLatency, serviceRates, serviceTable } from "../panels/services.ts";

export const services = dashboard(frames.services, [
  { height: 9, panels: [serviceTable] },
  { height: 8, panels: [serviceRates, serviceErrors, serviceLatency] },
]);
