// The driver publishes no figure of its pool's connections: these read its own lists, and give 0 should they go away.
import type { Pool } from "mysql2";

/** In use and idle. */
export function openConnections(pool: Pool): number {
  return lengthOf(pool, "_allConnections");
}

/** Those that it hands over at once. */
export function readyConnections(pool: Pool): number {
  return lengthOf(pool, "_freeConnections");
}

function lengthOf(pool: Pool, list: string): number {
  const inner: unknown = Reflect.get(pool, list);
  const length: unknown = typeof inner === "object" && inner !== null ? Reflect.get(inner, "length") : undefined;
  return typeof length === "number" ? length : 0;
}
