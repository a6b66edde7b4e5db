// The PromQL that the panels share. Every query is filtered by the dashboard's variables. A single figure always has a result: a
// count is zero when nothing happened, a percentile or a share without requests is NaN, which the panels show as "–". Grouped
// queries leave out what is zero, to keep legends short.
import { type Counter, type Gauge, type Histogram, type Metric, prometheusName } from "../metrics.ts";

/**
 * Which part of a metric to query. `by`: labels to group by. `where`: matchers. `window`: the range of rates. `atEnd`: evaluates at
 * the end of the dashboard's time range. `everyService`: not only the selected service.
 */
export type Scope = {
  readonly by?: readonly string[];
  readonly where?: readonly string[];
  readonly window?: string;
  readonly atEnd?: boolean;
  readonly everyService?: boolean;
};

/** Matches the selected routes, without probes and the like unless those are turned on. For metrics with a route label. */
export const routes = ['http_route=~"$route"', 'http_route!~"$hidden"'];

/**
 * The window of rates over time: at least four times the data source's interval (15 s, see provisioning/datasources), so 1 min.
 * It contains four exports in production (every 15 s) and twelve in development, so it never misses one.
 */
const recent = "$__rate_interval";
/** The window of figures over the dashboard's whole time range. */
export const wholeRange = "$__range";

const instances = ['service_name="$service"', 'service_instance_id=~"$instance"'];

function source(metric: Metric, everyService: boolean): readonly string[] {
  if (metric.scraped) return [`job="${metric.scraped}"`];
  if (everyService) return [];
  return metric.recorded ? ['service_name="$service"'] : instances;
}

function select(metric: Metric, series: string, { where = [], everyService = false }: Scope): string {
  return `${series}{${[...source(metric, everyService), ...where].join(", ")}}`;
}

function over(selector: string, { window = recent, atEnd = false }: Scope): string {
  return `${selector}[${window}]${atEnd ? " @ end()" : ""}`;
}

function aggregate(how: "sum" | "max" | "count", labels: readonly string[], expr: string): string {
  return labels.length > 0 ? `${how} by (${labels.join(", ")}) (${expr})` : `${how}(${expr})`;
}

/** The name of the series that counts a metric's events. */
export function countSeries(metric: Metric): string {
  return metric.kind === "histogram" ? `${prometheusName(metric)}_count` : prometheusName(metric);
}

/** `expr`, or zero while it has no series. */
function orZero(expr: string): string {
  return `${expr} or vector(0)`;
}

/** `expr`, or NaN while it has no series. */
function orMissing(expr: string): string {
  return `${expr} or vector(NaN)`;
}

/** A count: zero without events, grouped only what is above zero. */
function events(expr: string, { by = [] }: Scope): string {
  return by.length > 0 ? `(${expr}) > 0` : orZero(expr);
}

/** A value that does not exist without events. Prometheus then divides zero by zero, which `>= 0` leaves out. */
function figure(expr: string, { by = [] }: Scope): string {
  return by.length > 0 ? `(${expr}) >= 0` : orMissing(`((${expr}) >= 0)`);
}

/** The summed rate or increase of `series`. Empty when there is no series. */
function counted(how: "rate" | "increase", metric: Metric, series: string, scope: Scope): string {
  return aggregate("sum", scope.by ?? [], `${how}(${over(select(metric, series, scope), scope)})`);
}

/** Events a second of a counter, or recorded values a second of a histogram. */
export function rate(metric: Counter | Histogram, scope: Scope = {}): string {
  return events(counted("rate", metric, countSeries(metric), scope), scope);
}

/** The same a minute, for what happens less than once a second. */
export function perMinute(metric: Counter | Histogram, scope: Scope = {}): string {
  return `60 * (${rate(metric, scope)})`;
}

/** Sum of several counters' events a minute; a counter that does not exist yet counts as zero. */
export function allPerMinute(all: readonly (Counter | Histogram)[]): string {
  return `60 * (${all.map((metric) => `(${rate(metric)})`).join(" + ")})`;
}

/** Number of events in the dashboard's time range. Prometheus extrapolates, so it is rounded to whole events. */
export function total(metric: Counter | Histogram, scope: Scope = {}): string {
  return events(`round(${counted("increase", metric, countSeries(metric), { ...scope, window: wholeRange })})`, scope);
}

/** Sum of a histogram's values a second. For durations: how many were in progress on average. */
export function busy(metric: Histogram, scope: Scope = {}): string {
  return events(counted("rate", metric, `${prometheusName(metric)}_sum`, scope), scope);
}

/** Sum of a histogram's values in the dashboard's time range, in its unit. */
export function totalBusy(metric: Histogram, scope: Scope = {}): string {
  return events(counted("increase", metric, `${prometheusName(metric)}_sum`, { ...scope, window: wholeRange }), scope);
}

/** Mean of a histogram's values, in its unit. */
export function mean(metric: Histogram, scope: Scope = {}): string {
  const sum = counted("rate", metric, `${prometheusName(metric)}_sum`, scope);
  return figure(`${sum} / ${counted("rate", metric, countSeries(metric), scope)}`, scope);
}

/** The `q` quantile of a histogram, in its unit. `q` is a number or a variable of the dashboard. */
export function quantile(q: number | string, metric: Histogram, { by = [], ...scope }: Scope = {}): string {
  const buckets = counted("rate", metric, `${prometheusName(metric)}_bucket`, { ...scope, by: ["le", ...by] });
  return figure(`histogram_quantile(${q}, ${buckets})`, { by });
}

/** Events of one metric per event of another, such as timeouts per request. */
export function ratio(part: Counter | Histogram, whole: Counter | Histogram, scope: Scope, partScope = scope): string {
  const all = counted("rate", whole, countSeries(whole), scope);
  // A group without `part` events has no series on the left: add its zero.
  return figure(`(${counted("rate", part, countSeries(part), partScope)} or ${all} * 0) / ${all}`, scope);
}

/** The share (0 to 1) of a metric's events that also match `matching`. */
export function share(metric: Counter | Histogram, matching: string, scope: Scope = {}): string {
  return ratio(metric, metric, scope, { ...scope, where: [...(scope.where ?? []), matching] });
}

/** One minus `share`. */
export function remaining(share: string): string {
  return `1 - (${share})`;
}

/** How fast a budget that allows a `share` of at most `allowed` is used up: at 1 it lasts exactly as long as planned. */
export function burnRate(allowed: number, share: string): string {
  return `(${share}) / ${allowed}`;
}

/** `expr`, at most `max`. */
export function atMost(max: number, expr: string): string {
  return `clamp_max(${expr}, ${max})`;
}

/**
 * A gauge's last value within `window`. Prometheus repeats a pushed gauge for 5 min after its sender is gone, which would count an
 * instance twice after a restart.
 */
function last(metric: Gauge, scope: Scope): string {
  return `last_over_time(${over(select(metric, prometheusName(metric), scope), scope)})`;
}

/** A gauge's current value, summed over instances and pools. */
export function level(metric: Gauge, scope: Scope = {}): string {
  return gauge(aggregate("sum", scope.by ?? [], last(metric, scope)), scope);
}

/** A gauge's current value on the instance where it is highest. */
export function highest(metric: Gauge, scope: Scope = {}): string {
  return gauge(aggregate("max", scope.by ?? [], last(metric, scope)), scope);
}

/** How many groups of `by` have a value of at least `min` on some instance. */
export function howMany(metric: Gauge, min: number, scope: Scope & { readonly by: readonly string[] }): string {
  return orZero(`count(${aggregate("max", scope.by, last(metric, scope))} >= ${min})`);
}

/** How full (0 to 1) the fullest one is: `part` divided by `whole`, which are matched by the labels in `per`. */
export function fullest(part: Gauge, whole: Gauge, per: readonly string[], scope: Scope = {}): string {
  const { everyService = false } = scope;
  const wholes = aggregate("sum", per, last(whole, { everyService }));
  return gauge(aggregate("max", scope.by ?? [], `${aggregate("sum", per, last(part, scope))} / ${wholes}`), scope);
}

function gauge(expr: string, { by = [] }: Scope): string {
  return by.length > 0 ? expr : orMissing(expr);
}

/** The excess of `expr` over `min`, at least 0. */
export function beyond(min: number, expr: string): string {
  return `clamp_min((${expr}) - ${min}, 0)`;
}
