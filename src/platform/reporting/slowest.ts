// Tells the slowest 1 % of each route's requests from the others, as they come, with one number a route.
// Frugal streaming (Ma, Muthukrishnan, Sandler: "Frugal Streaming for Estimating Quantiles", 2013): the estimate goes up by a
// large step when a request is over it and down by a small one when not; it rests where one in a hundred is over.

const share = 0.01;
/** Wide steps for a route's first requests, so that a slow first one is soon forgotten; then such that it holds still. */
const widest = 1;
const narrowest = 0.1;

interface Estimate {
  ms: number;
  seen: number;
}

export class Slowest {
  readonly #estimates = new Map<string, Estimate>();

  /** Whether `ms` is among the slowest 1 % of what this `route` takes; learns from it. `route` is one of a few, not a path. */
  isAmong(route: string, ms: number): boolean {
    const estimate = this.#estimates.get(route);
    if (estimate === undefined) {
      this.#estimates.set(route, { ms, seen: 1 });
      return false;
    }
    const over = ms > estimate.ms;
    const step = Math.max(narrowest, Math.min(widest, 100 / estimate.seen));
    estimate.ms *= over ? 1 + step * (1 - share) : 1 - step * share;
    estimate.seen += 1;
    return over;
  }
}
