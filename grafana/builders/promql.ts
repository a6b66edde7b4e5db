// The PromQL that the panels share. Every query is filtered by the dashboard's variables, and none is empty on an idle or fresh
// system, where Grafana would show "No data" and leave you guessing whether that is good news.
import { type Counter, type Gauge, type Histogram, type Metric, prometheusName } from "../metrics.ts";

/** Which part of a metric to query. `by`: labels to group by. `where`: matchers. `window`: the range of rates. */
export type Scope = { readonly by?: readonly string[]; readonly where?: readonly string[]; readonly window?: string };

/** Matches the dashboard's selected routes, for metrics with a route label. */
export const routes = ['http_route=~"$route"'];

/**
 * The window of rates over time: at least four times the data source's interval (15 s, see provisioning/datasources), so 1 min.
 * It contains four exports in production (every 15 s) and twelve in development, so it never misses one.
 */
const recent = "$__rate_interval";
/** The window of figures over the dashboard's whole time range. */
export const wholeRange = "$__range";

const instances = ['service_name="$service"', 'service_instance_id=~"$instance"'];

function select(metric: Metric, series: string, where: readonly string[] = []): string {
  const source = metric.scraped ? [`job="${metric.scraped}"`] : instances;
  return `${series}{${[...source, ...where].join(", ")}}`;
}

function aggregate(how: "sum" | "max", labels: readonly string[], expr: string): string {
  return labels.length > 0 ? `${how} by (${labels.join(", ")}) (${expr})` : `${how}(${expr})`;
}

/** The name of the series that counts a metric's events. */
export function countSeries(metric: Metric): string {
  return metric.kind === "histogram" ? `${prometheusName(metric)}_count` : prometheusName(metric);
}

/**
 * `expr`, or a single zero while it has no series. The zero has the labels in `by` (as "none yet"), so that legends and tables
 * stay complete; it disappears with the first real series.
 */
export function orZero(expr: string, by: readonly string[] = []): string {
  const zero = by.reduce((inner, label) => `label_replace(${inner}, "${label}", "none yet", "", "")`, "vector(0)");
  return `${expr} or on() ${zero}`;
}

/** The summed rate or increase of `series`. Empty when there is no series. */
function counted(
  how: "rate" | "increase",
  metric: Metric,
  series: string,
  { by = [], where, window = recent }: Scope,
): string {
  return aggregate("sum", by, `${how}(${select(metric, series, where)}[${window}])`);
}

/** Events a second of a counter, or recorded values a second of a histogram. */
export function rate(metric: Counter | Histogram, scope: Scope = {}): string {
  return orZero(counted("rate", metric, countSeries(metric), scope), scope.by);
}

/** Sum of several counters' events a second; a counter that does not exist yet counts as zero. */
export function rates(all: readonly (Counter | Histogram)[]): string {
  return all.map((metric) => `(${rate(metric)})`).join(" + ");
}

/** Number of events in the dashboard's time range. */
export function total(metric: Counter | Histogram, scope: Scope = {}): string {
  return orZero(counted("increase", metric, countSeries(metric), { ...scope, window: wholeRange }), scope.by);
}

/** Sum of a histogram's values a second. For durations: how many were in progress on average. */
export function busy(metric: Histogram, scope: Scope = {}): string {
  return orZero(counted("rate", metric, `${prometheusName(metric)}_sum`, scope), scope.by);
}

/** Sum of a histogram's values in the dashboard's time range, in its unit. */
export function totalBusy(metric: Histogram, scope: Scope = {}): string {
  const sum = counted("increase", metric, `${prometheusName(metric)}_sum`, { ...scope, window: wholeRange });
  return orZero(sum, scope.by);
}

/** The `limit` largest series of `expr` at any time. */
export function largest(limit: number, expr: string): string {
  return `topk(${limit}, ${expr})`;
}

/** Mean of a histogram's values, in its unit. Skips groups without values. */
export function mean(metric: Histogram, scope: Scope = {}): string {
  const sum = counted("rate", metric, `${prometheusName(metric)}_sum`, scope);
  return orZero(`(${sum} / ${counted("rate", metric, countSeries(metric), scope)} >= 0)`, scope.by);
}

/** The `q` quantile of a histogram, in its unit. Skips groups without traffic, whose quantile is NaN. */
export function quantile(q: number, metric: Histogram, { by = [], ...scope }: Scope = {}): string {
  const buckets = counted("rate", metric, `${prometheusName(metric)}_bucket`, { ...scope, by: ["le", ...by] });
  return orZero(`(histogram_quantile(${q}, ${buckets}) >= 0)`, by);
}

/** Events of one metric per event of another, such as timeouts per request. */
export function ratio(part: Counter | Histogram, whole: Counter | Histogram, scope: Scope, partScope = scope): string {
  const all = counted("rate", whole, countSeries(whole), scope);
  // A group without `part` events has no series on the left: add its zero.
  return orZero(`((${counted("rate", part, countSeries(part), partScope)} or ${all} * 0) / ${all} >= 0)`, scope.by);
}

/** The share (0 to 1) of a metric's events that also match `matching`. Skips groups without events. */
export function share(metric: Counter | Histogram, matching: string, scope: Scope = {}): string {
  return ratio(metric, metric, scope, { ...scope, where: [...(scope.where ?? []), matching] });
}

/** One minus `share`. */
export function remaining(share: string): string {
  return `1 - (${share})`;
}

/** The rest of a budget that allows a `share` of at most `allowed`: 1 is untouched, 0 used up, negative overspent. */
export function budgetLeft(allowed: number, share: string): string {
  return `1 - (${share}) / ${allowed}`;
}

/**
 * A gauge's last value within `window`. Prometheus repeats a pushed gauge for 5 min after its sender is gone, which would count an
 * instance twice after a restart.
 */
function last(metric: Gauge, { where, window = recent }: Scope): string {
  return `last_over_time(${select(metric, prometheusName(metric), where)}[${window}])`;
}

/** A gauge's current value, summed over instances and pools. */
export function level(metric: Gauge, scope: Scope = {}): string {
  return orZero(aggregate("sum", scope.by ?? [], last(metric, scope)), scope.by);
}

/** A gauge's current value on the instance where it is highest. */
export function highest(metric: Gauge, scope: Scope = {}): string {
  return orZero(aggregate("max", scope.by ?? [], last(metric, scope)), scope.by);
}

/** How full (0 to 1) the fullest one is: `part` divided by `whole`, which are matched by the labels in `per`. */
export function fullest(part: Gauge, whole: Gauge, per: readonly string[], scope: Scope = {}): string {
  const wholes = aggregate("sum", per, last(whole, {}));
  return orZero(aggregate("max", scope.by ?? [], `${aggregate("sum", per, last(part, scope))} / ${wholes}`), scope.by);
}

/** The excess of `expr` over `min`, at least 0. */
export function beyond(min: number, expr: string): string {
  return `clamp_min((${expr}) - ${min}, 0)`;
}
