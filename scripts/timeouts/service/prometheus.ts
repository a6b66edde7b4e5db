// The part of Prometheus' text format needed here: samples by name, and a percentile of what a histogram counted between two
// readings.

export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

export function parseSamples(text: string): Sample[] {
  return [...text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/gm)].map(
    ([, name = "", labels = "", value = ""]) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", text = ""]) => [key, text]),
      ),
      value: Number(value),
    }),
  );
}

/** The largest sample named `name`; null without any. */
export function largest(samples: readonly Sample[], name: string): number | null {
  const values = samples.filter((sample) => sample.name === name && Number.isFinite(sample.value));
  return values.length === 0 ? null : Math.max(...values.map(({ value }) => value));
}

/**
 * The percentile `share` (0 to 1) of what the histogram `name` counted between `before` and `after`, over all labels for which
 * `counts` is true. Linear within a bucket, like histogram_quantile. Null when nothing was counted.
 */
export function percentileBetween(
  before: readonly Sample[],
  after: readonly Sample[],
  name: string,
  share: number,
  counts: (labels: Sample["labels"]) => boolean = () => true,
): number | null {
  const buckets = new Map<number, number>();
  for (const [samples, sign] of [
    [after, 1],
    [before, -1],
  ] as const) {
    for (const { name: sampleName, labels, value } of samples) {
      if (sampleName !== `${name}_bucket` || !counts(labels)) continue;
      const upTo = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le);
      buckets.set(upTo, (buckets.get(upTo) ?? 0) + sign * value);
    }
  }
  const sorted = [...buckets].toSorted(([a], [b]) => a - b);
  const all = sorted.at(-1)?.[1] ?? 0;
  if (all <= 0) return null;
  const rank = share * all;
  let [lower, below] = [0, 0];
  for (const [upTo, upToCount] of sorted) {
    if (upToCount >= rank) {
      if (upTo === Number.POSITIVE_INFINITY || upToCount === below) return lower;
      return lower + (upTo - lower) * ((rank - below) / (upToCount - below));
    }
    [lower, below] = [upTo, upToCount];
  }
  return lower;
}
