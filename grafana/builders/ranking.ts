// The largest groups of a query, and all others in one: a legend of twenty routes is not read by anyone.
import { type Scope, wholeRange } from "./promql.ts";

/** `limit`: how many groups to show. `scope`: what to query, grouped by `by`. */
export type Ranked = { readonly limit: number; readonly scope: Scope };

function ranking(query: (scope: Scope) => string, { limit, scope }: Ranked): string {
  return `topk(${limit}, ${query({ ...scope, window: wholeRange, atEnd: true })})`;
}

/** The `limit` groups of `query` that are largest over the whole time range, so that the lines stay the same over time. */
export function largest(query: (scope: Scope) => string, ranked: Ranked): string {
  return `(${query(ranked.scope)}) and on (${ranked.scope.by?.join(", ")}) ${ranking(query, ranked)}`;
}

/** The sum of all other groups of `query`. */
export function others(query: (scope: Scope) => string, ranked: Ranked): string {
  return `sum((${query(ranked.scope)}) unless on (${ranked.scope.by?.join(", ")}) ${ranking(query, ranked)})`;
}
