// Tells which failures mean that an origin is down for everybody: those to open a connection. What goes wrong on a connection
// (a 5xx, an answer that is late or cut off) may be about one path only.
const failures = new WeakSet<object>();

/** Remembers that `error` is why a connection could not be opened. */
export function markConnectFailure(error: Error): void {
  failures.add(error);
}

/** Whether `error`, or its cause, was marked. */
export function isConnectFailure(error: unknown): boolean {
  return error instanceof Error && (failures.has(error) || (error.cause instanceof Error && failures.has(error.cause)));
}
