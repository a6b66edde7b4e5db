// The PromQL that the panels share: every query is narrowed by the dashboard's variables, and none is empty on an idle or
// a fresh system, where Grafana would write "No data" and leave you to guess whether that is good news.
import { type Counter, type Gauge, type Histogram, type Metric, prometheusName } from "../metrics.ts";

/** What of a metric to look at. `by`: labels that make a series each. `where`: matchers. `window`: the range of rates. */
export type Scope = { readonly by?: readonly string[]; readonly where?: readonly string[]; readonly window?: string };

/** The matcher of the dashboard's routes, for metrics that have the route as a label. */
export const routes = ['http_route=~"$route"'];

/**
 * The window of a rate beside the time axis: four times the data source's interval (15 s, see provisioning/datasources) or
 * more, so 1 min. That holds four exports in production (one in 15 s) and twelve in development: it never falls between two.
 */
const recent = "$__rate_interval";
/** The window of a figure for the dashboard's whole time range. */
export const wholeRange = "$__range";

const instances = ['service_name="$service"', 'service_instance_id=~"$instance"'];

function select(metric: Metric, series: string, where: readonly string[] = []): string {
  const source = metric.scraped ? [`job="${metric.scraped}"`] : instances;
  return `${series}{${[...source, ...where].join(", ")}}`;
}

function aggregate(how: "sum" | "max", labels: readonly string[], expr: string): string {
  return labels.length > 0 ? `${how} by (${labels.join(", ")}) (${expr})` : `${how}(${expr})`;
}

/** The series that counts a metric's events. */
export function countSeries(metric: Metric): string {
  return metric.kind === "histogram" ? `${prometheusName(metric)}_count` : prometheusName(metric);
}

/**
 * `expr`, or a single zero when it has no series at all. The zero carries the labels in `by` (as "none yet"), so that
 * legends and tables stay whole; as soon as one real series is there, it is gone.
 */
export function orZero(expr: string, by: readonly string[] = []): string {
  const zero = by.reduce((inner, label) => `label_replace(${inner}, "${label}", "none yet", "", "")`, "vector(0)");
  return `${expr} or on() ${zero}`;
}

/** What counts up in `series`, added up: a second, or in the dashboard's whole time range. Nothing when there is none. */
function counted(
  how: "rate" | "increase",
  metric: Metric,
  series: string,
  { by = [], where, window = recent }: Scope,
): string {
  return aggregate("sum", by, `${how}(${select(metric, series, where)}[${window}])`);
}

/** Events a second: a counter's, or how many values a histogram took. */
export function rate(metric: Counter | Histogram, scope: Scope = {}): string {
  return orZero(counted("rate", metric, countSeries(metric), scope), scope.by);
}

/** Events of several counters a second, added up; one that does not exist yet counts as zero. */
export function rates(all: readonly (Counter | Histogram)[]): string {
  return all.map((metric) => `(${rate(metric)})`).join(" + ");
}

/** Events in the dashboard's whole time range. */
export function total(metric: Counter | Histogram, scope: Scope = {}): string {
  return orZero(counted("increase", metric, countSeries(metric), { ...scope, window: wholeRange }), scope.by);
}

/** A histogram's values added up, a second: for durations, how many were in progress on average. */
export function busy(metric: Histogram, scope: Scope = {}): string {
  return orZero(counted("rate", metric, `${prometheusName(metric)}_sum`, scope), scope.by);
}

/** A histogram's values added up over the dashboard's whole time range, in its unit. */
export function totalBusy(metric: Histogram, scope: Scope = {}): string {
  const sum = counted("increase", metric, `${prometheusName(metric)}_sum`, { ...scope, window: wholeRange });
  return orZero(sum, scope.by);
}

/** The `limit` largest series of `expr` at each moment. */
export function largest(limit: number, expr: string): string {
  return `topk(${limit}, ${expr})`;
}

/** A histogram's values on average, in its unit. Groups without any are left out. */
export function mean(metric: Histogram, scope: Scope = {}): string {
  const sum = counted("rate", metric, `${prometheusName(metric)}_sum`, scope);
  return orZero(`(${sum} / ${counted("rate", metric, countSeries(metric), scope)} >= 0)`, scope.by);
}

/** The `q` quantile of a histogram, in its unit. Groups without traffic are left out: theirs is not a number. */
export function quantile(q: number, metric: Histogram, { by = [], ...scope }: Scope = {}): string {
  const buckets = counted("rate", metric, `${prometheusName(metric)}_bucket`, { ...scope, by: ["le", ...by] });
  return orZero(`(histogram_quantile(${q}, ${buckets}) >= 0)`, by);
}

/** How many of one metric's events there are for each of another's, such as timeouts for each request. */
export function ratio(part: Counter | Histogram, whole: Counter | Histogram, scope: Scope, partScope = scope): string {
  const all = counted("rate", whole, countSeries(whole), scope);
  // A group in which there is no part has no series on the left: give it the zero that it means.
  return orZero(`((${counted("rate", part, countSeries(part), partScope)} or ${all} * 0) / ${all} >= 0)`, scope.by);
}

/** The share (0 to 1) of a metric's events that match `matching` as well. Groups without events are left out. */
export function share(metric: Counter | Histogram, matching: string, scope: Scope = {}): string {
  return ratio(metric, metric, scope, { ...scope, where: [...(scope.where ?? []), matching] });
}

/** What a share leaves of one: 1 without any. */
export function remaining(share: string): string {
  return `1 - (${share})`;
}

/** How much of a budget is left when `share` of it may be at most `allowed`: 1 is all, 0 none, below it is overspent. */
export function budgetLeft(allowed: number, share: string): string {
  return `1 - (${share}) / ${allowed}`;
}

/**
 * A gauge's last value. Prometheus repeats a pushed gauge for 5 min after its sender has gone, which would count an instance
 * twice after a restart: what has not been sent within `window` is left out.
 */
function last(metric: Gauge, { where, window = recent }: Scope): string {
  return `last_over_time(${select(metric, prometheusName(metric), where)}[${window}])`;
}

/** A gauge now, summed over instances and pools. */
export function level(metric: Gauge, scope: Scope = {}): string {
  return orZero(aggregate("sum", scope.by ?? [], last(metric, scope)), scope.by);
}

/** A gauge now, of the instance where it is highest. */
export function highest(metric: Gauge, scope: Scope = {}): string {
  return orZero(aggregate("max", scope.by ?? [], last(metric, scope)), scope.by);
}

/** How full (0 to 1) the fullest one is: a gauge's part of another. `per`: labels that say which part is of which whole. */
export function fullest(part: Gauge, whole: Gauge, per: readonly string[], scope: Scope = {}): string {
  const wholes = aggregate("sum", per, last(whole, {}));
  return orZero(aggregate("max", scope.by ?? [], `${aggregate("sum", per, last(part, scope))} / ${wholes}`), scope.by);
}

/** `expr` as far as it is over `least`: 0 below it. */
export function beyond(least: number, expr: string): string {
  return `clamp_min((${expr}) - ${least}, 0)`;
}
