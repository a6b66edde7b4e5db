// Collected metrics, for code that doesn't import the SDK.
import type { Attributes } from "@opentelemetry/api";
import { DataPointType, type Histogram, type ResourceMetrics } from "@opentelemetry/sdk-metrics";

export type Collected = ResourceMetrics;
/** Bucket counts, count, sum, min and max. */
export type HistogramValue = Histogram;

/** Collects all metrics at once. */
export interface Reader {
  collect(): Promise<{ resourceMetrics: Collected }>;
}

/** Returns the series of the histogram `name` in all scopes. */
export function histogramSeries({ scopeMetrics }: Collected, name: string) {
  const series: { attributes: Attributes; value: HistogramValue }[] = [];
  for (const metric of scopeMetrics.flatMap((scope) => scope.metrics)) {
    if (metric.descriptor.name !== name || metric.dataPointType !== DataPointType.HISTOGRAM) continue;
    series.push(...metric.dataPoints);
  }
  return series;
}
