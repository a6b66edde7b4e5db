// Retries requests after transient failures, if sending them twice does no harm. Exponential backoff with full jitter, so that
// calls that failed together do not all retry together:
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpRequest, HttpResponse } from "./exchange.ts";
import type { RetryBudget } from "./retry-budget.ts";

/** What followed a transient failure: a retry, or none for lack of budget or time. */
export type RetryOutcome = "sent" | "no_budget" | "no_time";

interface RetryOptions {
  budget: RetryBudget;
  /** Ends the wait between attempts, which then rejects with its reason. */
  signal: AbortSignal;
  /** When the time for all attempts runs out, on the clock of `now`. */
  endsAt: number;
  report: (outcome: RetryOutcome) => void;
  /** Returns 0 to less than 1, for the jitter. */
  random?: () => number;
  /** A monotonic clock, in milliseconds. */
  now?: () => number;
}

const maxRetries = 2;
const firstBackoffMs = 50;
const maxBackoffMs = 500;
const idempotentMethods = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);
const transientStatuses = new Set([502, 503, 504]);
// The connection could not be opened, or was closed before the response was complete. Of c-ares' codes, only those that say
// that no server answered (https://nodejs.org/api/dns.html#error-codes): retrying a name that does not exist is pointless.
const transientCodes = new Set([
  "EBADRESP",
  "ECANCELLED",
  "EREFUSED",
  "ESERVFAIL",
  "ETIMEOUT",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/** Whether `request` is idempotent: by its method (RFC 9110, 9.2.2), unless the caller says otherwise. */
export function mayRetry({ method = "GET", idempotent }: HttpRequest): boolean {
  return idempotent ?? idempotentMethods.has(method);
}

/** Runs `attempt`, and again after transient failures. Returns or throws the result of the last attempt. */
export async function withRetries(attempt: () => Promise<HttpResponse>, options: RetryOptions): Promise<HttpResponse> {
  const { budget, signal, endsAt, report, random = Math.random, now = () => performance.now() } = options;
  for (let retries = 0; ; retries++) {
    const [result] = await Promise.allSettled([attempt()]);
    const isTransient =
      result.status === "fulfilled"
        ? transientStatuses.has(result.value.status)
        : transientCodes.has(codeOf(result.reason));
    const retry = isTransient && retries < maxRetries && !signal.aborted && (await backOff(result, retries));
    if (retry) continue;
    if (result.status === "fulfilled") return result.value;
    throw result.reason;
  }

  /** Waits until the next attempt is due. Returns false when there is no budget or time for one. */
  async function backOff(result: PromiseSettledResult<HttpResponse>, retries: number): Promise<boolean> {
    const backoffMs = random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** retries);
    const requestedMs = result.status === "fulfilled" ? retryAfterMs(result.value.headers["retry-after"]) : 0;
    const waitMs = Math.max(backoffMs, requestedMs);
    const outcome = now() + waitMs >= endsAt ? "no_time" : budget.take() ? "sent" : "no_budget";
    report(outcome);
    if (outcome !== "sent") return false;
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    return true;
  }
}

/** Milliseconds until the time in a Retry-After header: seconds or a date (RFC 9110, 10.2.3). 0 for anything else. */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Math.max(0, Number.isNaN(ms) ? 0 : ms);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
