// The bucket bounds of all histograms of durations. A percentile is interpolated within its bucket, so a limit needs two bounds:
// one at it and one just above it. Waits that a limit ends take a moment longer than the limit; without the second bound, their
// percentile would be reported far above it. otel/collector.yaml has the same bounds for the durations of spans.

/** In seconds. The default limits are 0.25 (admission), 0.5 (pool), 1.5 (query and outbound call) and 3 (deadline). */
export const durationBounds = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.6, 1, 1.5, 1.6, 2, 3, 3.1, 5, 10,
];
