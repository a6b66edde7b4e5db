// Finds the slowest 1 % of each route's requests as they arrive, with one estimate per route.
// Frugal streaming (Ma, Muthukrishnan, Sandler: "Frugal Streaming for Estimating Quantiles", 2013): a request above the estimate
// raises it by a large step, one below lowers it by a small step. It settles where one request in a hundred is above it.

const share = 0.01;
/** Large steps for a route's first requests, to quickly forget a slow first one; then small steps, to keep it stable. */
const maxStep = 1;
const minStep = 0.1;

interface Estimate {
  ms: number;
  seen: number;
}

export class SlowestRequests {
  readonly #estimates = new Map<string, Estimate>();

  /** Whether `ms` is among the slowest 1 % of `route`; also updates the estimate. `route` is a route's name, not a path. */
  isAmong(route: string, ms: number): boolean {
    const estimate = this.#estimates.get(route);
    if (estimate === undefined) {
      this.#estimates.set(route, { ms, seen: 1 });
      return false;
    }
    const over = ms > estimate.ms;
    const step = Math.max(minStep, Math.min(maxStep, 100 / estimate.seen));
    estimate.ms *= over ? 1 + step * (1 - share) : 1 - step * share;
    estimate.seen += 1;
    return over;
  }
}
