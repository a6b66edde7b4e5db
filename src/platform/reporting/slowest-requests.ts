// Finds the requests whose phases are worth a look: those over the target, and the slowest 1 % of each route, with one estimate
// per route. One in a hundred alone would hide a cause: when most requests wait 0.25 s for a slot and time out, the slowest are the
// few that got one and then shared a busy database.
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
  readonly #targetMs: number;
  readonly #estimates = new Map<string, Estimate>();

  /** Every request that takes longer than `targetMs` is among the slowest. */
  constructor(targetMs: number) {
    this.#targetMs = targetMs;
  }

  /**
   * Whether `ms` is over the target or among the slowest 1 % of `route`; also updates the estimate. `route` is a route's name, not
   * a path.
   */
  isAmong(route: string, ms: number): boolean {
    const estimate = this.#estimates.get(route);
    if (estimate === undefined) {
      this.#estimates.set(route, { ms, seen: 1 });
      return ms > this.#targetMs;
    }
    const over = ms > estimate.ms;
    const step = Math.max(minStep, Math.min(maxStep, 100 / estimate.seen));
    estimate.ms *= over ? 1 + step * (1 - share) : 1 - step * share;
    estimate.seen += 1;
    return over || ms > this.#targetMs;
  }
}
