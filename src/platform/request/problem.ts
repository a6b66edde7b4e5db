// The one error type whose details clients may see. http/problem-details.ts turns it into a response.
import { writesOwnMessages } from "../error-fields.ts";

/** What each type means to a client. Any other error is a bug and becomes `internal`. */
export const kinds = {
  invalid_request: { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "Authentication is required" },
  forbidden: { status: 403, title: "This is not allowed" },
  not_found: { status: 404, title: "There is nothing here" },
  too_large: { status: 413, title: "The request body is too large" },
  unsupported_media_type: { status: 415, title: "The request body has an unsupported type" },
  destination_refused: { status: 422, title: "The address to call is not allowed" },
  rate_limited: { status: 429, title: "Too many requests", retryAfterS: 1 },
  client_closed: { status: 499, title: "The client went away" },
  internal: { status: 500, title: "Something went wrong" },
  queue_full: { status: 503, title: "Too many requests are waiting", retryAfterS: 1 },
  queue_timeout: { status: 503, title: "The request waited too long for a slot", retryAfterS: 1 },
  shed: { status: 503, title: "The service is under pressure", retryAfterS: 1 },
  database_unavailable: { status: 503, title: "The database is unavailable", retryAfterS: 1 },
  breaker_open: { status: 503, title: "A service this depends on is known to be down", retryAfterS: 1 },
  dependency_failed: { status: 503, title: "A service this depends on failed", retryAfterS: 1 },
  deadline_exceeded: { status: 504, title: "The request took too long", retryAfterS: 1 },
  pool_timeout: { status: 504, title: "No database connection was free in time", retryAfterS: 1 },
  query_timeout: { status: 504, title: "A database query took too long", retryAfterS: 1 },
  outbound_timeout: { status: 504, title: "A service this depends on took too long", retryAfterS: 1 },
} as const satisfies Record<string, { status: number; title: string; retryAfterS?: number }>;

/** The machine-readable name of a problem: `type` in the response, `error.type` in telemetry. */
export type ProblemType = keyof typeof kinds;

/** One invalid field of the input. `field` is a path such as `address.street` or `tags.0`. */
export interface FieldError {
  field: string;
  message: string;
}

interface ProblemOptions {
  /** For the client to read. Left out of 5xx responses, where it may hold secrets or personal data. */
  detail?: string;
  errors?: FieldError[];
  headers?: Record<string, string>;
  /** Seconds; overrides the default of the type. */
  retryAfterS?: number;
  cause?: unknown;
}

/** An error that is part of the API: it becomes a problem details response (RFC 9457). */
export class Problem extends Error {
  override name = "Problem";
  readonly [writesOwnMessages] = true;
  readonly type: ProblemType;
  readonly status: number;
  readonly options: ProblemOptions;

  constructor(type: ProblemType, options: ProblemOptions = {}) {
    super(options.detail ?? kinds[type].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.type = type;
    this.status = kinds[type].status;
    this.options = options;
  }
}
