// Histograms behind the API's interface that cost a fraction of the SDK's. Those turn the attributes into a text for each record
// and each reader, which at a dozen records a request is the largest single cost of telemetry (`npm run bench`). Here a record
// with a frozen attributes object that was used before is one look-up and an addition. Readers get the sums from a producer of
// metrics, as the SDK provides: nothing private is used.
import {
  type Attributes,
  diag,
  type Histogram,
  type HrTime,
  type Meter,
  type MeterProvider,
  type MetricOptions,
  ValueType,
} from "@opentelemetry/api";
import { hrTime, type InstrumentationScope } from "@opentelemetry/core";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  AggregationType,
  type DataPoint,
  DataPointType,
  type HistogramMetricData,
  type IMetricReader,
  InstrumentType,
  type MetricProducer,
  type Histogram as PointValue,
  type ScopeMetrics,
} from "@opentelemetry/sdk-metrics";

/** Series beyond this number are added up in one, with the attribute that the specification has for it. */
const seriesLimit = 2000;
const overflow: Attributes = Object.freeze({ "otel.metric.overflow": true });
const noAttributes: Attributes = Object.freeze({});

/** Why `reader` needs the SDK's own histograms; undefined when it can read these. */
export function whyNotReadable(reader: IMetricReader): string | undefined {
  const { type } = reader.selectAggregation(InstrumentType.HISTOGRAM);
  if (type !== AggregationType.DEFAULT && type !== AggregationType.EXPLICIT_BUCKET_HISTOGRAM) {
    return "another aggregation of histograms is asked for";
  }
  const temporality = reader.selectAggregationTemporality(InstrumentType.HISTOGRAM);
  return temporality === AggregationTemporality.DELTA ? "delta temporality is asked for" : undefined;
}

/** The histograms of one provider of meters. */
export class Histograms {
  readonly #all = new Map<string, FastHistogram>();

  /** Returns what was recorded since the start: for each reader that the SDK is given. */
  readonly producer: MetricProducer = {
    collect: async () => {
      const scopeMetrics = [...this.#all.values()].flatMap((histogram) => histogram.read() ?? []);
      // The reader replaces the resource by the SDK's.
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };

  /** `sdk`, but histograms with explicit boundaries are made here. */
  inFrontOf(sdk: MeterProvider): MeterProvider {
    return {
      getMeter: (name, version, options) => {
        const scope = {
          name,
          ...(version !== undefined && { version }),
          ...(options?.schemaUrl !== undefined && { schemaUrl: options.schemaUrl }),
        };
        return this.#meter(sdk.getMeter(name, version, options), scope);
      },
    };
  }

  #meter(sdk: Meter, scope: InstrumentationScope): Meter {
    return {
      createHistogram: (name, options = {}) => {
        const boundaries = options.advice?.explicitBucketBoundaries;
        if (boundaries === undefined || options.valueType === ValueType.INT) return sdk.createHistogram(name, options);
        const key = JSON.stringify([scope, name]);
        const histogram = this.#all.get(key) ?? new FastHistogram(scope, name, options, boundaries);
        this.#all.set(key, histogram);
        return histogram;
      },
      createGauge: (...args) => sdk.createGauge(...args),
      createCounter: (...args) => sdk.createCounter(...args),
      createUpDownCounter: (...args) => sdk.createUpDownCounter(...args),
      createObservableGauge: (...args) => sdk.createObservableGauge(...args),
      createObservableCounter: (...args) => sdk.createObservableCounter(...args),
      createObservableUpDownCounter: (...args) => sdk.createObservableUpDownCounter(...args),
      addBatchObservableCallback: (...args) => sdk.addBatchObservableCallback(...args),
      removeBatchObservableCallback: (...args) => sdk.removeBatchObservableCallback(...args),
    };
  }
}

class FastHistogram implements Histogram {
  readonly #scope: InstrumentationScope;
  readonly #name: string;
  readonly #options: MetricOptions;
  readonly #boundaries: number[];
  readonly #series = new Map<string, Series>();
  readonly #seriesOfFrozen = new WeakMap<Attributes, Series>();

  constructor(scope: InstrumentationScope, name: string, options: MetricOptions, boundaries: number[]) {
    this.#scope = scope;
    this.#name = name;
    this.#options = options;
    this.#boundaries = boundaries;
  }

  record(value: number, attributes: Attributes = noAttributes): void {
    // Types do not keep away NaN, or other types than numbers.
    if (value >= 0) (this.#seriesOfFrozen.get(attributes) ?? this.#seriesOf(attributes)).record(value);
    else diag.warn(`${this.#name}: ${value} is not recorded`);
  }

  /** What was recorded; undefined while nothing was. */
  read(): ScopeMetrics | undefined {
    if (this.#series.size === 0) return undefined;
    const endTime = hrTime();
    const { unit = "", description = "" } = this.#options;
    const metric: HistogramMetricData = {
      descriptor: { name: this.#name, unit, description, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: [...this.#series.values()].map((series) => series.read(endTime)),
    };
    return { scope: this.#scope, metrics: [metric] };
  }

  #seriesOf(attributes: Attributes): Series {
    const key = JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= seriesLimit && attributes !== overflow) return this.#seriesOf(overflow);
      series = new Series({ ...attributes }, this.#boundaries);
      this.#series.set(key, series);
    }
    if (cannotChange(attributes)) this.#seriesOfFrozen.set(attributes, series);
    return series;
  }
}

/** Only then does an object mean the same attributes the next time. */
function cannotChange(attributes: Attributes): boolean {
  return Object.isFrozen(attributes) && Object.values(attributes).every((value) => !(value instanceof Object));
}

/** What was recorded with the same attributes. */
class Series {
  readonly #attributes: Attributes;
  readonly #boundaries: number[];
  readonly #counts: number[];
  readonly #startTime = hrTime();
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(attributes: Attributes, boundaries: number[]) {
    this.#attributes = attributes;
    this.#boundaries = boundaries;
    this.#counts = new Array<number>(boundaries.length + 1).fill(0);
  }

  record(value: number): void {
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

  read(endTime: HrTime): DataPoint<PointValue> {
    const buckets = { boundaries: this.#boundaries, counts: [...this.#counts] };
    const value = { buckets, count: this.#count, sum: this.#sum, min: this.#min, max: this.#max };
    return { attributes: this.#attributes, startTime: this.#startTime, endTime, value };
  }
}
