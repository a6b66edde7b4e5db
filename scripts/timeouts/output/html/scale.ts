// Milliseconds on a logarithmic axis, so that both 2 ms and 5 s are visible.

export interface Scale {
  /** Position of a value; values off the axis are drawn at its end. */
  at(ms: number): number;
  /** Powers of ten on the axis. */
  ticks: number[];
}

/** Spans the powers of ten around the smallest and largest value, drawn from `start` to `end`. */
export function logScale(values: readonly number[], start: number, end: number): Scale {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(100, ...positive)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(300, ...positive))));
  const share = (ms: number) => (Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low);
  return {
    at: (ms) => start + (end - start) * Math.min(1, share(ms)),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  };
}

export function tickLabel(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : `${Number(ms.toPrecision(1))} ms`;
}
