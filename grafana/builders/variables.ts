// The variables at the top of every dashboard: service, instance and route, from the labels of the request metric.
import {
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { metrics } from "../metrics.ts";
import { countSeries } from "./promql.ts";
import { prometheus } from "./sources.ts";

/** The service's name until its first request is counted: a Jaeger search without a service fails. */
const templateService = "koa-service-template";

const requests = countSeries(metrics.requestDuration);

// Grafana's numbers for the kinds of variable query.
const labelValues = 1;
const queryResult = 3;

function variable(name: string, label: string, query: string, kind: number): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(prometheus)
      .query({ qryType: kind, query, refId: "PrometheusVariableQueryEditor-VariableQuery" })
      .definition(query)
      // New instances and routes appear with the dashboard's refresh.
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc)
  );
}

function several(name: string, label: string, labelName: string, matchers: string): QueryVariableBuilder {
  return (
    variable(name, label, `label_values(${requests}{${matchers}}, ${labelName})`, labelValues)
      .multi(true)
      .includeAll(true)
      // "All" includes those that appear between two refreshes.
      .allValue(".*")
      .current({ selected: true, text: ["All"], value: ["$__all"] })
  );
}

/** A single service, because a Jaeger search takes only one. */
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
 * Every dashboard has all three, so that links pass them on. Without `byRoute` the route is hidden, because it would have no
 * effect there.
 */
export function variables({ byRoute }: { byRoute: boolean }): QueryVariableBuilder[] {
  return [service, instance(), byRoute ? route() : route().hide(VariableHide.HideVariable)];
}
