// Marks failures to open a connection: they mean that the origin is down for everybody. A failure on an open connection (a 5xx,
// a late or truncated response) may concern only one path.
const failures = new WeakSet<object>();

/** Marks `error` as the reason why a connection could not be opened. */
export function markConnectFailure(error: Error): void {
  failures.add(error);
}

/** Whether `error`, or its cause, was marked. */
export function isConnectFailure(error: unknown): boolean {
  return error instanceof Error && (failures.has(error) || (error.cause instanceof Error && failures.has(error.cause)));
}
