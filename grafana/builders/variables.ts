// The variables at the top of every dashboard: service, instance, route. All are read from the request metric's labels.
import {
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { metrics } from "../metrics.ts";
import { countSeries } from "./promql.ts";
import { prometheus } from "./sources.ts";

/** The service's name until its first request is counted; a Jaeger search without a service is an error, not empty. */
const templateService = "koa-service-template";

const requests = countSeries(metrics.requestDuration);

// Grafana's own numbers for the kinds of variable query.
const labelValues = 1;
const queryResult = 3;

function variable(name: string, label: string, query: string, kind: number): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(prometheus)
      .query({ qryType: kind, query, refId: "PrometheusVariableQueryEditor-VariableQuery" })
      .definition(query)
      // New instances and routes show up with the dashboard's own refresh.
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc)
  );
}

function several(name: string, label: string, labelName: string, matchers: string): QueryVariableBuilder {
  return (
    variable(name, label, `label_values(${requests}{${matchers}}, ${labelName})`, labelValues)
      .multi(true)
      .includeAll(true)
      // "All" means all, also those that turn up between two refreshes.
      .allValue(".*")
      .current({ selected: true, text: ["All"], value: ["$__all"] })
  );
}

/** One service, because a Jaeger search takes one. */
const service = variable(
  "service",
  "Service",
  `query_result(count by (service_name) (${requests}) or label_replace(vector(0), "service_name", "${templateService}", "", "") unless on() ${requests})`,
  queryResult,
).regex('/service_name="([^"]+)"/');

const instance = () => several("instance", "Instance", "service_instance_id", 'service_name="$service"');
const route = () =>
  several("route", "Route", "http_route", 'service_name="$service", service_instance_id=~"$instance"');

/**
 * Every dashboard has all three, so that links carry them on. Without `byRoute` the route is hidden: choosing one would
 * change nothing there.
 */
export function variables({ byRoute }: { byRoute: boolean }): QueryVariableBuilder[] {
  return [service, instance(), byRoute ? route() : route().hide(VariableHide.HideVariable)];
}
