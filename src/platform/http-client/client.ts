// HTTP calls to others, with a limit on everything: time, connections, bytes, retries, and where they may go.
import type { LookupFunction } from "node:net";
import type { Agent } from "undici";
import type { Logger } from "../log.ts";
import type { OwnHosts } from "../own-hosts.ts";
import { Problem } from "../request/problem.ts";
import { currentDeadline, inPhase } from "../request/scope.ts";
import { addressPolicy } from "./address-policy.ts";
import { type OriginBreakerOptions, OriginBreakers } from "./breakers.ts";
import { acceptEncoding, decoded } from "./content-encoding.ts";
import { DestinationRefused, refusalDetails, refusalOf } from "./destination.ts";
import { exchange, type HttpAnswer, type HttpRequest } from "./exchange.ts";
import { Names } from "./names/names.ts";
import { mayRetry, withRetries } from "./retries.ts";
import { RetryBudgets } from "./retry-budgets.ts";
import { clientTelemetry } from "./telemetry.ts";
import { withTimeLimit } from "./time-limit.ts";

export interface HttpClientOptions {
  /** Most connections to one origin; more calls wait, within their time. */
  connections: number;
  /** The longest that one connection may take to open. */
  connectTimeoutMs: number;
  /** The longest that a call may take in all, from the name look-up to the last byte, its retries included. */
  timeoutMs: number;
  /** Larger answers are not read, compressed or not. */
  maxResponseBytes: number;
  /** Addresses and CIDR networks that may be called although they are not public. */
  allowPrivate: readonly string[];
  /** Hosts that no caller chooses. Default: none. */
  isOwn?: OwnHosts;
  /** Stops calling what is down. Default: none, each call finds out for itself. */
  breaker?: OriginBreakerOptions | undefined;
  /** The DNS servers for the names that are called, as `127.0.0.1:53`. Default: the system's. */
  dnsServers?: readonly string[];
  /** Finds the addresses of a name, instead of DNS. */
  lookup?: LookupFunction;
}

/** Opening the connection, or looking up the name for it, took too long. */
const timeoutCodes: ReadonlySet<unknown> = new Set(["UND_ERR_CONNECT_TIMEOUT", "ETIMEOUT"]);

export type HttpClient = ReturnType<typeof httpClient>;

/** A client with connections of its own. `close` waits for the calls that still run, and for connections being opened. */
export function httpClient(options: HttpClientOptions, log: Logger) {
  const {
    connections,
    connectTimeoutMs,
    timeoutMs,
    maxResponseBytes,
    allowPrivate,
    breaker,
    isOwn = () => false,
  } = options;
  const mayConnect = addressPolicy(allowPrivate);
  const names = new Names({ limitMs: connectTimeoutMs, servers: options.dnsServers });
  const lookup = options.lookup ?? names.lookup;
  let agent: Agent | undefined;
  const telemetry = clientTelemetry();
  const budgets = new RetryBudgets();
  const breakers = breaker && new OriginBreakers(breaker, isOwn, log);

  /** Opened by the first call: undici takes 40 ms and 7 MB, and many a service calls nobody. */
  async function opened(): Promise<Agent> {
    const { openAgent } = await import("./agent.ts");
    agent ??= openAgent({ connections, mayConnect, connectTimeoutMs, lookup });
    return agent;
  }

  async function callWithinLimits(url: URL, request: HttpRequest, signal: AbortSignal, endsAt: number) {
    const budget = budgets.of(url.origin);
    budget.called();
    const headers = { "accept-encoding": acceptEncoding, ...request.headers };
    const dispatcher = agent ?? (await opened());
    const attempt = () => exchange(url, { ...request, headers }, { dispatcher, signal, maxResponseBytes });
    const noLongerUsed = names.use(url.hostname);
    try {
      const answer = mayRetry(request)
        ? await withRetries(attempt, { budget, signal, endsAt, report: telemetry.retry })
        : await attempt();
      return await decoded(answer, maxResponseBytes);
    } finally {
      noLongerUsed();
    }
  }

  async function call(url: URL, request: HttpRequest): Promise<HttpAnswer> {
    const late = () => new Problem("outbound_timeout");
    try {
      return await withTimeLimit({ limitMs: timeoutMs, deadline: currentDeadline(), late }, (signal, endsAt) =>
        callWithinLimits(url, request, signal, endsAt),
      );
    } catch (error) {
      if (error instanceof DestinationRefused) telemetry.refused(error.refusal);
      if (error instanceof Problem) throw error;
      throw timeoutCodes.has(codeOf(error))
        ? new Problem("outbound_timeout", { cause: error })
        : new Problem("dependency_failed", { cause: error });
    }
  }

  return {
    /**
     * The answer of `url`, whatever its status. Redirects are answers too, and not followed.
     *
     * @throws {Problem} outbound_timeout; dependency_failed when no whole answer comes; destination_refused (422) when the
     * policy does not let it be called; breaker_open; the request's own problem when that ends first.
     */
    async request(url: string, request: HttpRequest = {}): Promise<HttpAnswer> {
      // `new URL()` would attach the text, which may hold a secret, to its error.
      const destination = URL.parse(url);
      const refusal = refusalOf(destination, mayConnect);
      if (destination === null || refusal !== undefined) {
        telemetry.refused(refusal ?? "scheme");
        throw new DestinationRefused(refusal ?? "scheme");
      }
      const work = () => call(destination, request);
      return inPhase("outbound", () => (breakers === undefined ? work() : breakers.guarded(destination, work)));
    },

    /** What to tell who wrote `url`, when it tells by itself that it will never be called: a name is not looked up. */
    refusal(url: string): string | undefined {
      const refusal = refusalOf(URL.parse(url), mayConnect);
      return refusal === undefined ? undefined : refusalDetails[refusal];
    },

    /** Connections at this instant, and requests that wait for one, by origin. */
    stats: () => agent?.stats ?? {},

    /** How many breakers are in each state: of origins called lately, and of destinations that failed. */
    breakerStates: () => breakers?.states() ?? { closed: 0, "half-open": 0, open: 0 },

    async close(): Promise<void> {
      breakers?.close();
      await agent?.close();
    },
  };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
