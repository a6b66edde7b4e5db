// Histograms behind the API's interface that cost a fraction of the SDK's. The SDK serializes the attributes for each record and
// each reader, which at a dozen records per request is the largest single cost of telemetry (`npm run bench`). Here, a record with
// a frozen attributes object that was used before is a lookup and an addition. Readers get the sums from a MetricProducer, which
// is the SDK's public interface for this.
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

/** Series beyond this limit are summed up in one more, with the overflow attribute of the specification. As in the SDK. */
const seriesLimit = 1999;
const overflow: Attributes = Object.freeze({ "otel.metric.overflow": true });
const noAttributes: Attributes = Object.freeze({});

/** Returns why `reader` needs the SDK's own histograms, or undefined when it can read these. */
export function whyNotReadable(reader: IMetricReader): string | undefined {
  const { type } = reader.selectAggregation(InstrumentType.HISTOGRAM);
  if (type !== AggregationType.DEFAULT && type !== AggregationType.EXPLICIT_BUCKET_HISTOGRAM) {
    return "a reader needs another aggregation of histograms";
  }
  const temporality = reader.selectAggregationTemporality(InstrumentType.HISTOGRAM);
  return temporality === AggregationTemporality.DELTA ? "a reader needs delta temporality" : undefined;
}

/** The names that the specification allows. The SDK warns about others. */
const validName = /^[a-z][\w./-]{0,254}$/i;

/** A meter provider that may be the SDK's, which has more methods than the API's type. */
type Provider = MeterProvider & { forceFlush?(): Promise<void>; shutdown?(): Promise<void> };

/** The histograms of one meter provider. */
export class Histograms {
  readonly #byKey = new Map<string, FastHistogram>();
  readonly #sdkOnly: ReadonlySet<string>;

  /** `sdkOnly`: names of histograms to leave to the SDK, because there is a view for them. */
  constructor(sdkOnly: readonly string[] = []) {
    this.#sdkOnly = new Set(sdkOnly);
  }

  /** Collects everything recorded since the start. Pass it to each reader of the SDK. */
  readonly producer: MetricProducer = {
    collect: async () => {
      const scopeMetrics = [...this.#byKey.values()].flatMap((histogram) => histogram.read() ?? []);
      // The reader replaces the resource with the SDK's.
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };

  /** Returns a provider that creates histograms with explicit boundaries here, and every other instrument in `sdk`. */
  wrap(sdk: Provider): Provider {
    return {
      getMeter: (name, version, options) => {
        const { schemaUrl } = options ?? {};
        const scope = { name, ...(version && { version }), ...(schemaUrl && { schemaUrl }) };
        return this.#meter(sdk.getMeter(name, version, options), scope);
      },
      forceFlush: async () => sdk.forceFlush?.(),
      shutdown: async () => sdk.shutdown?.(),
    };
  }

  #meter(sdk: Meter, scope: InstrumentationScope): Meter {
    return {
      createHistogram: (name, options = {}) => {
        const given = options.advice?.explicitBucketBoundaries;
        const isSdkOnly = this.#sdkOnly.has(name) || !validName.test(name) || options.valueType === ValueType.INT;
        if (given === undefined || isSdkOnly) return sdk.createHistogram(name, options);
        const boundaries = given.filter(Number.isFinite).toSorted((a, b) => a - b);
        // As in the SDK, a different unit or other boundaries make a second histogram of the same name.
        const key = JSON.stringify([scope, name, options.unit, boundaries]);
        const histogram = this.#byKey.get(key) ?? new FastHistogram(scope, name, options, boundaries);
        this.#byKey.set(key, histogram);
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
  readonly #seriesByObject = new WeakMap<Attributes, Series>();

  constructor(scope: InstrumentationScope, name: string, options: MetricOptions, boundaries: number[]) {
    this.#scope = scope;
    this.#name = name;
    this.#options = options;
    this.#boundaries = boundaries;
  }

  record(value: number, attributes: Attributes = noAttributes): void {
    // Untyped callers may pass NaN or something that isn't a number.
    if (typeof value === "number" && value >= 0)
      (this.#seriesByObject.get(attributes) ?? this.#findSeries(attributes)).record(value);
    else diag.warn(`${this.#name}: can't record ${typeof value === "number" ? value : typeof value}`);
  }

  /** Returns what was recorded, or undefined before the first record. */
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

  #findSeries(attributes: Attributes): Series {
    const key = JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= seriesLimit && attributes !== overflow) return this.#findSeries(overflow);
      series = new Series({ ...attributes }, this.#boundaries);
      this.#series.set(key, series);
    }
    if (isImmutable(attributes)) this.#seriesByObject.set(attributes, series);
    return series;
  }
}

/** Only an immutable object is sure to hold the same attributes the next time. */
function isImmutable(attributes: Attributes): boolean {
  return Object.isFrozen(attributes) && Object.values(attributes).every((value) => !(value instanceof Object));
}

/** The sums of all records with the same attributes. */
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
