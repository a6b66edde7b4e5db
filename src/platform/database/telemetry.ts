// The database layer's telemetry: a client span and a duration for each query, and the state of the pool.
// Names follow OpenTelemetry's conventions for database clients; durations are in seconds.
import { type Attributes, metrics, type Span, SpanKind, SpanStatusCode, trace, ValueType } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from "@opentelemetry/semantic-conventions";
import { roundedSeconds } from "../rounded-seconds.ts";
import { durationBounds } from "../telemetry/duration-bounds.ts";

/** The current number of connections of a pool. */
export interface PoolState {
  used: number;
  idle: number;
  waiting: number;
  limit: number;
}

/** Called with the error that ended a wait for a connection, and how long it lasted. */
export type FailedWait = (error: unknown, waitMs: number) => void;

export type DatabaseTelemetry = ReturnType<typeof databaseTelemetry>;

interface ServerAddress {
  /** A host name, or the path of a Unix socket, which has no port. */
  host: string;
  port: number | undefined;
  database: string;
}

/** Creates the instruments of one pool. Each collection reads `state`, until `stop` is called. */
export function databaseTelemetry(server: ServerAddress, state: () => PoolState) {
  const tracer = trace.getTracer("database");
  const meter = metrics.getMeter("database");
  const pool = `${server.host}${server.port === undefined ? "" : `:${server.port}`}/${server.database}`;
  const poolAttributes = Object.freeze({ "db.client.connection.pool.name": pool });
  const spanAttributes: Attributes = {
    "db.system.name": "mysql",
    "db.namespace": server.database,
    [ATTR_SERVER_ADDRESS]: server.host,
    ...(server.port !== undefined && { [ATTR_SERVER_PORT]: server.port }),
  };
  const histogram = (name: string, description: string) =>
    meter.createHistogram(name, { description, unit: "s", advice: { explicitBucketBoundaries: durationBounds } });

  const duration = histogram("db.client.operation.duration", "Duration of queries, without the wait for a connection");
  const waitTime = histogram(
    "db.client.connection.wait_time",
    "Time to get a connection from the pool, or to fail to get one",
  );
  /** By error type. Frozen and reused, which makes recording cheap. */
  const failedWait = new Map<string, Attributes>();
  /** Attributes by query and error type ("" for success). Frozen and reused, which makes recording cheap. */
  const byQuery = new Map<string, Map<string, Attributes>>();
  function durationAttributes(name: string, errorType = ""): Attributes {
    const byErrorType = byQuery.get(name) ?? new Map<string, Attributes>();
    const cached = byErrorType.get(errorType);
    if (cached !== undefined) return cached;
    const attributes = Object.freeze({
      "db.system.name": "mysql",
      "db.query.summary": name,
      ...(errorType !== "" && { [ATTR_ERROR_TYPE]: errorType }),
    });
    byQuery.set(name, byErrorType.set(errorType, attributes));
    return attributes;
  }
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(name, { unit, description, valueType: ValueType.INT });
  const timeouts = counter("db.client.connection.timeouts", "{timeout}", "Waits for a connection that timed out");
  const slow = counter("db.query.slow", "{query}", "Queries over the slow-query threshold");
  const killed = counter(
    "db.query.killed",
    "{query}",
    "Queries killed in the server after a timeout or a client's disconnect",
  );
  const retried = counter("db.query.retried", "{retry}", "Queries retried after a lost connection or a deadlock");
  // A counter is not exported before its first value. Starting at zero tells "none so far" from "no data".
  timeouts.add(0, poolAttributes);
  slow.add(0);
  killed.add(0);
  retried.add(0);

  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(name, { unit, description, valueType: ValueType.INT });
  const count = gauge("db.client.connection.count", "{connection}", "Open connections by state");
  const max = gauge("db.client.connection.max", "{connection}", "Maximum number of open connections");
  const pending = gauge(
    "db.client.connection.pending_requests",
    "{request}",
    "Requests that are waiting for a connection",
  );
  const observed = [count, max, pending];
  const observe: Parameters<typeof meter.addBatchObservableCallback>[0] = (result) => {
    const { used, idle, waiting, limit } = state();
    result.observe(count, used, { ...poolAttributes, "db.client.connection.state": "used" });
    result.observe(count, idle, { ...poolAttributes, "db.client.connection.state": "idle" });
    result.observe(max, limit, poolAttributes);
    result.observe(pending, waiting, poolAttributes);
  };
  meter.addBatchObservableCallback(observe, observed);

  return {
    /** Starts a span for a query, with its name and its statement (placeholders only, never values). */
    startQuery(name: string, sql: string, waitMs: number): Span {
      const attributes = {
        ...spanAttributes,
        "db.query.summary": name,
        "db.query.text": sql,
        "db.client.connection.wait_time": roundedSeconds(waitMs),
      };
      return tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes });
    },
    endQuery(span: Span, name: string, durationS: number, errorType: string | undefined): void {
      if (errorType !== undefined) {
        span.setAttribute(ATTR_ERROR_TYPE, errorType);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
      duration.record(durationS, durationAttributes(name, errorType));
    },
    /** Runs `work`, such as a transaction, in its own span. Sets the span's status to error when `work` rejects. */
    inSpan<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
      return tracer.startActiveSpan(name, async (span) => {
        try {
          return await work();
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR });
          throw error;
        } finally {
          span.end();
        }
      });
    },
    waited: (waitS: number) => waitTime.record(waitS, poolAttributes),
    /** Records a wait that got no connection. */
    waitFailed(waitS: number, errorType: string): void {
      const attributes =
        failedWait.get(errorType) ?? Object.freeze({ ...poolAttributes, [ATTR_ERROR_TYPE]: errorType });
      failedWait.set(errorType, attributes);
      waitTime.record(waitS, attributes);
      if (errorType === "pool_timeout") timeouts.add(1, poolAttributes);
    },
    killed: (name: string) => killed.add(1, { "db.query.summary": name }),
    retried: (name: string, reason: "connection_lost" | "deadlock") =>
      retried.add(1, { "db.query.summary": name, reason }),
    slow(span: Span, name: string, fingerprint: string): void {
      span.addEvent("slow_query", { "db.query.fingerprint": fingerprint });
      slow.add(1, { "db.query.summary": name, "db.query.fingerprint": fingerprint });
    },
    stop: () => meter.removeBatchObservableCallback(observe, observed),
  };
}
