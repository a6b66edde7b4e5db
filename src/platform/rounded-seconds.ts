/** Milliseconds as seconds, rounded to microseconds: more digits are noise on a span (0.000076 instead of 0.00007574200024828315). */
export function roundedSeconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}
