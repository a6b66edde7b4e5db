// Vertical lines on every page: what changed at that time.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { type AnnotationQuery, AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { type Gauge, metrics, prometheusName } from "../metrics.ts";
import { target } from "./panel.ts";
import { prometheus } from "./sources.ts";

/** The value of a gauge now and one step earlier. A change is a line as wide as that step. */
const now = (gauge: Gauge) => `${prometheusName(gauge)}{service_name="$service"}`;
const before = (gauge: Gauge) => `${now(gauge)} offset $__interval`;

function lines(name: string, color: string, expr: string, title: string, text: string): Builder<AnnotationQuery> {
  const annotation = new AnnotationQueryBuilder()
    .name(name)
    .datasource(prometheus)
    .enable(true)
    // Without a control, for which there is no room.
    .hide(true)
    .iconColor(color)
    .expr(expr)
    .step("15s")
    .titleFormat(title)
    .textFormat(text)
    .target(target({ expr, legend: name }, 0))
    .build();
  const { placement, ...shown } = annotation;
  return { build: () => shown };
}

const { admissionLimit, breakerState, instances } = metrics;

/**
 * The gauge only says which instances run; the version comes from their resource. An instance may have several resources within five
 * minutes, such as before and after an update under the same id: one of them is enough. `job` is the service, after its namespace.
 */
const resource = `topk by (job, instance) (1, ${prometheusName(instances)}{job=~"(.+/)?$service"})`;
const deploys = lines(
  "Deploys",
  "blue",
  `(${now(admissionLimit)} unless ${before(admissionLimit)}) * on (job, instance) group_left (service_version) ${resource}`,
  "New instance",
  "{{service_version}} {{service_instance_id}}",
);

const states = { 0: "closed", 1: "half-open", 2: "open" };

/** The worst state of all instances, named, when it was another one a step earlier. */
function breakerChanges(): string {
  const worst = (expr: string) => `max by (breaker) (${expr})`;
  const changed = `(${worst(now(breakerState))} != ${worst(before(breakerState))})`;
  return Object.entries(states)
    .map(([value, name]) => `label_replace(${changed} == ${value}, "state", "${name}", "", "")`)
    .join(" or ");
}

const breakers = lines("Breakers", "orange", breakerChanges(), "Breaker {{state}}", "{{breaker}}");

/** All of them, in the order of the pages' settings. */
export const annotations = [deploys, breakers];
