// Panels about the service's protections: queue, limits, breakers, outbound calls.
import { aMinute } from "../builders/panel.ts";
import { highest, level, perMinute, quantile, rate, routes } from "../builders/promql.ts";
import { timeSeries } from "../builders/time-series.ts";
import { timeline } from "../builders/timeline.ts";
import { metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { queueWaitSeconds, requestSeconds } from "./limits.ts";

const {
  admissionLimit,
  admissionQueued,
  admissionRefused,
  admissionRunning,
  admissionWait,
  breakerCalls,
  breakerState,
  callDuration,
  callRetries,
  callsRefused,
  connectionsEnded,
  rateLimitDecisions,
  timeouts,
} = metrics;

export const admission = timeSeries(
  {
    title: "Running and queued",
    description:
      "Requests that run, requests that wait for a slot, and the limit (ADMISSION_LIMIT, 10 per instance). Running at the limit with a queue: overload, or something slows down the running requests. Slow requests shows which.",
    unit: "none",
  },
  [
    { expr: level(admissionRunning), legend: "running", color: colors.running },
    { expr: level(admissionQueued), legend: "queued", color: colors.queued },
    { expr: level(admissionLimit), legend: "limit", color: colors.limit },
  ],
);

export const queueWait = timeSeries(
  {
    title: "Queue wait p95 by class",
    description:
      "One admitted request in 20 waited longer than this for its slot. Above 100 ms the newest go first; ADMISSION_WAIT_MS (250 ms) ends the wait. Only class low waits: priorities work. All classes wait: add replicas, or find what is slow.",
    unit: "s",
    limits: queueWaitSeconds,
  },
  [{ expr: quantile(0.95, admissionWait, { by: ["class"] }), legend: "{{class}}" }],
);

export const refused = timeSeries(
  {
    title: "Refused by reason and class",
    description:
      "Requests refused a slot, a second; refusing one takes about a millisecond. queue_full and queue_timeout: more requests than the service can finish. shed: low-priority requests refused because of memory or event loop, see Runtime. If it lasts: add replicas.",
    unit: "reqps",
  },
  [{ expr: rate(admissionRefused, { by: ["reason", "class"] }), legend: "{{reason}} {{class}}" }],
  { stacked: true, failures: true },
);

export const timeoutsByCause = timeSeries(
  {
    title: "Timeouts by cause",
    description:
      "Requests of the selected routes that timed out, a second. pool_timeout: no connection; query_timeout: a query, killed in the database; outbound_timeout: an outbound call; queue_timeout: no slot; deadline_exceeded: the request as a whole, so see its largest phase.",
    unit: "reqps",
  },
  [{ expr: rate(timeouts, { by: ["error_type"], where: [...routes, 'error_type!=""'] }), legend: "{{error_type}}" }],
  { stacked: true, failures: true },
);

export const rateLimiter = timeSeries(
  {
    title: "Rate limiter",
    description:
      "Decisions a second, by address before authentication and by subject after it. limited: a client above RATE_LIMIT_PER_MINUTE (600) got 429. store_error: Valkey or Redis is down, so nobody is limited.",
    unit: "reqps",
  },
  [{ expr: rate(rateLimitDecisions, { by: ["decision", "by"] }), legend: "{{decision}} by {{by}}" }],
);

export const breakerStates = timeline(
  {
    title: "Circuit breakers",
    description:
      "One per called origin and one for the database, in the worst state of all instances. Open: 5 failures in a row, so requests that need it get 503 at once. Check that dependency; the breaker closes by itself when it responds again, and is evicted when unused. _DESTINATIONS: the worst single called URL that responds with 5xx or too late. _OTHER: the worst origin beyond the first 50.",
    unit: "none",
  },
  { expr: highest(breakerState, { by: ["breaker"] }), legend: "{{breaker}}" },
  [
    { value: 0, name: "closed", severity: "ok" },
    { value: 1, name: "half-open", severity: "warning" },
    { value: 2, name: "open", severity: "problem" },
  ],
);

export const breakerOutcomes = timeSeries(
  {
    title: "Calls that failed or were refused",
    description:
      "Calls a second, by breaker. failure: the dependency failed or was too slow, which counts towards opening. refused: not sent because the breaker was open. Failures without an open breaker were not in a row; the traces show how they failed.",
    unit: "reqps",
  },
  [
    {
      expr: rate(breakerCalls, { by: ["outcome", "breaker"], where: ['outcome=~"failure|refused"'] }),
      legend: "{{outcome}} {{breaker}}",
    },
  ],
  { stacked: true, failures: true },
);

export const callLatency = timeSeries(
  {
    title: "Outbound calls p95 by server",
    description:
      "One call in 20 takes longer than this; OUTBOUND_TIMEOUT_MS (1.5 s) ends it. One server is high: it is slow, and so is every request that waits for it. Call it after responding, or from a queue.",
    unit: "s",
    limits: requestSeconds,
  },
  [
    {
      expr: quantile(0.95, callDuration, { by: ["server_address", "server_port"] }),
      legend: "{{server_address}}:{{server_port}}",
    },
  ],
);

export const callRate = timeSeries(
  {
    title: "Outbound calls by server and error",
    description:
      "Calls a second; failed calls carry their error, which is a status or what ended them. Errors of one server: that server fails. Errors of all: the network, or this service's own limits. _OTHER: servers beyond the first 50; those in OUTBOUND_OWN_HOSTS always have their names.",
    unit: "reqps",
  },
  [
    {
      expr: rate(callDuration, { by: ["server_address", "server_port", "error_type"] }),
      legend: "{{server_address}}:{{server_port}} {{error_type}}",
    },
  ],
  { stacked: true },
);

export const callRepeats = timeSeries(
  {
    title: "Retries and refused destinations",
    description:
      "Calls a minute. sent: a failed call that was retried; no_budget, no_time: a failed call that could not be retried. address, scheme, credentials: a forbidden destination, so somebody may be probing addresses inside your network; the log has them.",
    unit: aMinute,
  },
  [
    { expr: perMinute(callRetries, { by: ["outcome"] }), legend: "retry {{outcome}}" },
    { expr: perMinute(callsRefused, { by: ["reason"] }), legend: "refused {{reason}}" },
  ],
);

export const endedConnections = timeSeries(
  {
    title: "Connections ended",
    description:
      "Clients' connections that the service closed, a minute. send_timeout: its client read no byte of a response for too long. unread_bytes: too many responses waited for slow readers, so the oldest were dropped. pipelined: too many requests at once on one connection.",
    unit: aMinute,
  },
  [{ expr: perMinute(connectionsEnded, { by: ["reason"] }), legend: "{{reason}}" }],
  { stacked: true, failures: true },
);
