// The variables of every dashboard: service, instance and route, from the labels of the request metric, and two without a control.

import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  ConstantVariableBuilder,
  CustomVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import packageJson from "../../package.json" with { type: "json" };
import { metrics } from "../metrics.ts";
import { countSeries } from "./promql.ts";
import { logsAddress, prometheus } from "./sources.ts";

/** The service's name until its first request is counted: a Jaeger search without a service fails. */
const ownService = packageJson.name;

/** Routes that clients do not call. They would fill every list and dilute every share. */
const notClients = "/health.*|/metrics|/faults.*|unmatched";
/** Matches no route, so none is left out. */
const none = "-";

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

/** A single service, because a Jaeger search takes only one. Its name needs no label, and the room is scarce. */
const service = () =>
  variable(
    "service",
    "Service",
    `query_result(count by (service_name) (${requests}) or label_replace(vector(0), "service_name", "${ownService}", "", "") unless on() ${requests})`,
    queryResult,
  )
    .regex('/service_name="([^"]+)"/')
    .hide(VariableHide.HideLabel);

/** Of a UUID, the list shows the first eight characters. */
const instance = () =>
  several("instance", "Instance", "service_instance_id", 'service_name="$service"').regex(
    "/(?<value>(?<text>[0-9a-f]{8}(?=-[0-9a-f]{4}-)|.+).*)/",
  );

const route = () =>
  several(
    "route",
    "Route",
    "http_route",
    'service_name="$service", service_instance_id=~"$instance", http_route!~"$hidden"',
  );

/** A switch with texts for its values, in the menu at the end of the controls. The first value is the default. */
function choice(name: string, label: string, values: Readonly<Record<string, string>>): CustomVariableBuilder {
  const options = Object.entries(values).map(([text, value], index) => ({ text, value, selected: index === 0 }));
  const [first] = options;
  if (!first) throw new Error(`${name} has no values`);
  return new CustomVariableBuilder(name)
    .label(label)
    .values(options.map(({ text, value }) => `${text} : ${value}`).join(", "))
    .options(options)
    .current(first)
    .hide(VariableHide.InControlsMenu);
}

const hidden = () => choice("hidden", "Probes and unknown paths", { "left out": notClients, shown: none });
const percentile = () => choice("percentile", "Latency by route", { p95: "0.95", p50: "0.5", p99: "0.99" });
const logs = () => new ConstantVariableBuilder("logs").value(logsAddress);

/** Which variables a dashboard shows. */
export type Controls = {
  /** False for a dashboard that shows all services. */
  readonly byService: boolean;
  /** False where no panel can be filtered by route. */
  readonly byRoute: boolean;
};

/**
 * Every dashboard has all of them, so that links pass them on. Those without an effect are hidden.
 */
export function variables({ byService, byRoute }: Controls): Builder<VariableModel>[] {
  const shown = <B extends QueryVariableBuilder | CustomVariableBuilder>(on: boolean, builder: B) =>
    on ? builder : builder.hide(VariableHide.HideVariable);
  return [
    shown(byService, service()),
    shown(byService, instance()),
    shown(byRoute, route()),
    shown(byRoute, hidden()),
    shown(byRoute, percentile()),
    logs(),
  ];
}
