// One of the few files that read private names of a library: mysql2's pool publishes no connection counts, so these read its
// private lists. They return 0 if a later version drops the lists. Check this file when you upgrade mysql2.
import type { Pool } from "mysql2";

/** Number of open connections, in use or idle; also those that are being opened. */
export function openConnections(pool: Pool): number {
  return lengthOf(pool, "_allConnections");
}

/** Number of idle connections that the pool can hand out at once. */
export function idleConnections(pool: Pool): number {
  return lengthOf(pool, "_freeConnections");
}

function lengthOf(pool: Pool, list: string): number {
  const connections: unknown = Reflect.get(pool, list);
  const isList = typeof connections === "object" && connections !== null;
  const length: unknown = isList ? Reflect.get(connections, "length") : undefined;
  return typeof length === "number" ? length : 0;
}
