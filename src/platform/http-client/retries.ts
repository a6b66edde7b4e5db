// Sends a request again when it failed in a way that may pass, and sending it twice does no harm. Exponential backoff with
// full jitter, so that those who failed together do not come back together:
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpAnswer, HttpRequest } from "./exchange.ts";
import type { RetryBudget } from "./retry-budget.ts";

/** How a failed attempt went on: it was sent again, or could have been but for the budget or the time left. */
export type RetryOutcome = "sent" | "no_budget" | "no_time";

interface RetryOptions {
  budget: RetryBudget;
  /** Ends the wait between attempts, with its reason. */
  signal: AbortSignal;
  /** When the time for all attempts is over, on the clock of `now`. */
  endsAt: number;
  report: (outcome: RetryOutcome) => void;
  /** From 0 to less than 1. */
  random?: () => number;
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number;
}

const mostRetries = 2;
const firstBackoffMs = 50;
const mostBackoffMs = 500;
const idempotentMethods = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);
const passingStatuses = new Set([502, 503, 504]);
// The connection could not be opened, or was closed before the answer was complete. Of c-ares' codes, those that say that
// no server answered the question (https://nodejs.org/api/dns.html#error-codes): a name that is not there won't come.
const passingCodes = new Set([
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

/** Tells whether sending `request` twice does no more than sending it once (RFC 9110, 9.2.2, or its sender says so). */
export function mayRetry({ method = "GET", idempotent }: HttpRequest): boolean {
  return idempotent ?? idempotentMethods.has(method);
}

/** The first attempt that needs no other, or the last one, whether it gave an answer or an error. */
export async function withRetries(attempt: () => Promise<HttpAnswer>, options: RetryOptions): Promise<HttpAnswer> {
  const { budget, signal, endsAt, report, random = Math.random, now = () => performance.now() } = options;
  for (let retries = 0; ; retries++) {
    const [result] = await Promise.allSettled([attempt()]);
    const passing =
      result.status === "fulfilled"
        ? passingStatuses.has(result.value.status)
        : passingCodes.has(codeOf(result.reason));
    const again = passing && retries < mostRetries && !signal.aborted && (await waited(result, retries));
    if (again) continue;
    if (result.status === "fulfilled") return result.value;
    throw result.reason;
  }

  /** Waits until it is time for another attempt; false when there will be none. */
  async function waited(result: PromiseSettledResult<HttpAnswer>, retries: number): Promise<boolean> {
    const backoffMs = random() * Math.min(mostBackoffMs, firstBackoffMs * 2 ** retries);
    const askedMs = result.status === "fulfilled" ? retryAfterMs(result.value.headers["retry-after"]) : 0;
    const waitMs = Math.max(backoffMs, askedMs);
    const outcome = now() + waitMs >= endsAt ? "no_time" : budget.take() ? "sent" : "no_budget";
    report(outcome);
    if (outcome !== "sent") return false;
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    return true;
  }
}

/** Milliseconds; the header gives seconds or a date (RFC 9110, 10.2.3). 0 for anything else. */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Math.max(0, Number.isNaN(ms) ? 0 : ms);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
