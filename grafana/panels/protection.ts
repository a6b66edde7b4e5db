// Panels about what the service does to protect itself: the queue, the limits, the breakers, the calls to others.
import { timeSeries } from "../builders/panel.ts";
import { highest, level, quantile, rate, routes } from "../builders/promql.ts";
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
  rateLimitDecisions,
  timeouts,
} = metrics;

export const admission = timeSeries(
  {
    title: "Running and queued",
    description:
      "Requests that run and that wait for their turn, and how many may run (ADMISSION_LIMIT, 10 for each instance). Running at the limit with a queue: overload, or something that holds the running ones up. Slow requests says which.",
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
      "One admitted request in 20 waited longer than this for its turn. Over 100 ms the newest go first; ADMISSION_WAIT_MS (250 ms) ends the wait. Only low waits: the classes do their work. All wait: add replicas, or find what is slow.",
    unit: "s",
    limits: queueWaitSeconds,
  },
  [{ expr: quantile(0.95, admissionWait, { by: ["class"] }), legend: "{{class}}" }],
);

export const refused = timeSeries(
  {
    title: "Refused by reason and class",
    description:
      "Requests refused a turn, a second; each took a millisecond or so. queue_full and queue_timeout: more than can be finished. shed: the lowest class gives way to memory or event loop, see Runtime. Lasting: add replicas.",
    unit: "reqps",
  },
  [{ expr: rate(admissionRefused, { by: ["reason", "class"] }), legend: "{{reason}} {{class}}" }],
  { stacked: true },
);

export const timeoutsByCause = timeSeries(
  {
    title: "Timeouts by cause",
    description:
      "Requests of the chosen routes that a limit ended, a second. pool_timeout: no connection; query_timeout: the query, stopped in the database; outbound_timeout: a call; queue_timeout: no turn; deadline_exceeded: all of it together, so see its largest phase.",
    unit: "reqps",
  },
  [{ expr: rate(timeouts, { by: ["error_type"], where: [...routes, 'error_type!=""'] }), legend: "{{error_type}}" }],
  { stacked: true },
);

export const rateLimiter = timeSeries(
  {
    title: "Rate limiter",
    description:
      "Its decisions a second, by address ahead of authentication and by subject after it. limited: a client over RATE_LIMIT_PER_MINUTE (600), answered with 429. store_error: Valkey or Redis is away, and nobody is limited meanwhile.",
    unit: "reqps",
  },
  [{ expr: rate(rateLimitDecisions, { by: ["decision", "by"] }), legend: "{{decision}} by {{by}}" }],
);

export const breakerStates = timeline(
  {
    title: "Circuit breakers",
    description:
      "Of the database and of each origin that is called, in the worst state of all instances. Open: it failed 5 times in a row and is left alone, its requests get 503 at once. Look at that dependency; the breaker closes by itself when it answers, or is forgotten when nobody calls. _DESTINATIONS: the worst single webhook that answers with 5xx or too late. _OTHER: the worst origin past the first 50.",
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
      "By breaker, a second. failure: the dependency failed or was late, which counts towards opening. refused: not sent, since the breaker was open. Failures without an open breaker: now and then, not in a row; the traces say how.",
    unit: "reqps",
  },
  [
    {
      expr: rate(breakerCalls, { by: ["outcome", "breaker"], where: ['outcome=~"failure|refused"'] }),
      legend: "{{outcome}} {{breaker}}",
    },
  ],
  { stacked: true },
);

export const callLatency = timeSeries(
  {
    title: "Outbound calls p95 by server",
    description:
      "One call in 20 takes longer than this; OUTBOUND_TIMEOUT_MS (1.5 s) ends it. One server high: that one is slow, and so is every request that waits for it. Call it after the answer, or from a queue.",
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
      "Calls a second; those that failed carry their error, a status or what ended them. Errors of one server: that one fails. Errors of all: the network, or this service's own limits. _OTHER: servers past the first 50; those of OUTBOUND_OWN_HOSTS always have their names.",
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
      "A second. sent: a failed call that was tried again; no_budget, no_time: one that could not be. address, scheme, credentials: a destination that is not allowed, so somebody tries addresses inside your network; the log has them.",
    unit: "reqps",
  },
  [
    { expr: rate(callRetries, { by: ["outcome"] }), legend: "retry {{outcome}}" },
    { expr: rate(callsRefused, { by: ["reason"] }), legend: "refused {{reason}}" },
  ],
);
