// Histograms of what happens with every request. The SDK's own turn the attributes into a text for each record and each
// reader, which at a dozen records a request is the largest single cost of telemetry (`npm run bench`). Here whoever records
// holds on to its series, and a record is an addition. Readers get the sums from a producer of metrics, as the SDK provides.
import { type Attributes, type HrTime, metrics, type Histogram as SdkHistogram, ValueType } from "@opentelemetry/api";
import { hrTime } from "@opentelemetry/core";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type HistogramMetricData,
  type MetricProducer,
  type Histogram as PointValue,
} from "@opentelemetry/sdk-metrics";

export interface HistogramOptions {
  unit: string;
  description: string;
  /** Upper bounds of all buckets but the last, ascending; each belongs to its bucket. */
  boundaries: number[];
}

/** What comes in more series than this is added up in one, with the attribute that the specification has for it. */
const mostSeries = 2000;
const overflow: Attributes = { "otel.metric.overflow": true };

/** All of the process, by scope and name: the API keeps the SDK's instruments in the same way. */
const histograms = new Map<string, Histogram>();
let throughSdk = false;

/** For a process whose readers are made elsewhere and get no {@link histogramProducer}: what is created from now on. */
export function recordThroughSdk(): void {
  throughSdk = true;
}

/** The histogram of this name and scope, always the same one. */
export function createHistogram(scope: string, name: string, options: HistogramOptions): Histogram {
  const key = `${scope} ${name}`;
  const histogram = histograms.get(key) ?? new Histogram(scope, name, options);
  histograms.set(key, histogram);
  return histogram;
}

/** Gives one reader its figures: since the start, or with DELTA since it read last. */
export function histogramProducer(temporality = AggregationTemporality.CUMULATIVE): MetricProducer {
  const last = new WeakMap<Series, Reading>();
  return {
    async collect() {
      const scopeMetrics = [...histograms.values()].flatMap((histogram) => histogram.read(temporality, last) ?? []);
      // The reader replaces the resource by the SDK's.
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

interface Reading {
  at: HrTime;
  value: PointValue;
}

export class Histogram {
  readonly #scope: string;
  readonly #name: string;
  readonly #options: HistogramOptions;
  readonly #sdk: SdkHistogram | undefined;
  readonly #series = new Map<string, Series>();

  constructor(scope: string, name: string, options: HistogramOptions) {
    this.#scope = scope;
    this.#name = name;
    this.#options = options;
    const { boundaries, ...described } = options;
    if (throughSdk) {
      const advice = { explicitBucketBoundaries: boundaries };
      this.#sdk = metrics.getMeter(scope).createHistogram(name, { ...described, advice });
    }
  }

  /** The one with these attributes. To be kept by who records: looking for it costs more than a record. */
  series(attributes: Attributes): Series {
    const key = JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= mostSeries && attributes !== overflow) return this.series(overflow);
    const series = new Series(attributes, this.#options.boundaries, this.#sdk);
    this.#series.set(key, series);
    return series;
  }

  /** Undefined while there is nothing to read. Keeps in `last` what it read, where that is needed the next time. */
  read(temporality: AggregationTemporality, last: WeakMap<Series, Reading>) {
    const at = hrTime();
    const dataPoints = [...this.#series.values()].flatMap((series) => series.read(temporality, last, at) ?? []);
    if (dataPoints.length === 0) return undefined;
    const { unit, description } = this.#options;
    const metric: HistogramMetricData = {
      descriptor: { name: this.#name, unit, description, valueType: ValueType.DOUBLE },
      aggregationTemporality: temporality,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints,
    };
    return { scope: { name: this.#scope }, metrics: [metric] };
  }
}

/** What was recorded with the same attributes. */
export class Series {
  readonly #attributes: Attributes;
  readonly #boundaries: number[];
  readonly #sdk: SdkHistogram | undefined;
  readonly #counts: number[];
  readonly #startedAt = hrTime();
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(attributes: Attributes, boundaries: number[], sdk: SdkHistogram | undefined) {
    this.#attributes = attributes;
    this.#boundaries = boundaries;
    this.#sdk = sdk;
    this.#counts = new Array<number>(boundaries.length + 1).fill(0);
  }

  record(value: number): void {
    if (this.#sdk !== undefined) {
      this.#sdk.record(value, this.#attributes);
      return;
    }
    let bucket = 0;
    for (const boundary of this.#boundaries) {
      if (value <= boundary) break;
      bucket += 1;
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  read(
    temporality: AggregationTemporality,
    last: WeakMap<Series, Reading>,
    at: HrTime,
  ): DataPoint<PointValue> | undefined {
    const buckets = { boundaries: this.#boundaries, counts: [...this.#counts] };
    const value = { buckets, count: this.#count, sum: this.#sum };
    const point = { attributes: this.#attributes, endTime: at };
    if (temporality === AggregationTemporality.CUMULATIVE) {
      if (value.count === 0) return undefined;
      return { ...point, startTime: this.#startedAt, value: { ...value, min: this.#min, max: this.#max } };
    }
    const before = last.get(this);
    last.set(this, { at, value });
    if (value.count === (before?.value.count ?? 0)) return undefined;
    return { ...point, startTime: before?.at ?? this.#startedAt, value: difference(value, before?.value) };
  }
}

/** Without the least and the largest, which are known of the whole only. */
function difference(value: PointValue, before: PointValue | undefined): PointValue {
  if (before === undefined) return value;
  const counts = value.buckets.counts.map((count, bucket) => count - (before.buckets.counts[bucket] ?? 0));
  return {
    buckets: { boundaries: value.buckets.boundaries, counts },
    count: value.count - before.count,
    sum: (value.sum ?? 0) - (before.sum ?? 0),
  };
}
