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

function select(series: string, where: readonly string[] = []): string {
  return `${series}{${[...instances, ...where].join(", ")}}`;
}

function sum(labels: readonly string[], expr: string): string {
  return labels.length > 0 ? `sum by (${labels.join(", ")}) (${expr})` : `sum(${expr})`;
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

/** Events a second: a counter's, or how many values a histogram took. */
export function rate(metric: Counter | Histogram, { by = [], where, window = recent }: Scope = {}): string {
  return orZero(sum(by, `rate(${select(countSeries(metric), where)}[${window}])`), by);
}

/** Events in the dashboard's whole time range. */
export function total(metric: Counter | Histogram, { by = [], where }: Scope = {}): string {
  return orZero(sum(by, `increase(${select(countSeries(metric), where)}[${wholeRange}])`), by);
}

/** A histogram's values added up, a second: for durations, how many were in progress on average. */
export function busy(metric: Histogram, { by = [], where, window = recent }: Scope = {}): string {
  return orZero(sum(by, `rate(${select(`${prometheusName(metric)}_sum`, where)}[${window}])`), by);
}

/** A histogram's values added up over the dashboard's whole time range, in its unit. */
export function totalBusy(metric: Histogram, { by = [], where }: Scope = {}): string {
  return orZero(sum(by, `increase(${select(`${prometheusName(metric)}_sum`, where)}[${wholeRange}])`), by);
}

/** The `limit` largest series of `expr` at each moment. */
export function largest(limit: number, expr: string): string {
  return `topk(${limit}, ${expr})`;
}

/** The `q` quantile of a histogram, in its unit. Groups without traffic are left out: theirs is not a number. */
export function quantile(q: number, metric: Histogram, { by = [], where, window = recent }: Scope = {}): string {
  const buckets = sum(["le", ...by], `rate(${select(`${prometheusName(metric)}_bucket`, where)}[${window}])`);
  return orZero(`(histogram_quantile(${q}, ${buckets}) >= 0)`, by);
}

/** The share (0 to 1) of a histogram's values that match `matching` as well. Groups without traffic are left out. */
export function share(
  metric: Histogram,
  matching: string,
  { by = [], where = [], window = recent }: Scope = {},
): string {
  const count = (...more: string[]) => sum(by, `rate(${select(countSeries(metric), [...where, ...more])}[${window}])`);
  // A group in which nothing matches has no series on the left: give it the zero that it means.
  return orZero(`((${count(matching)} or ${count()} * 0) / ${count()} >= 0)`, by);
}

/**
 * A gauge now, summed over instances and pools. Prometheus repeats a pushed gauge for 5 min after its sender has gone, which
 * would count an instance twice after a restart: what has not been sent within `window` is left out.
 */
export function level(metric: Gauge, { by = [], where, window = recent }: Scope = {}): string {
  return orZero(sum(by, `last_over_time(${select(prometheusName(metric), where)}[${window}])`), by);
}
