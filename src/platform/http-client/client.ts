// The client for outbound HTTP calls, with limits on everything: time, connections, bytes, retries and destinations.
import type { LookupFunction } from "node:net";
import type { Agent } from "undici";
import type { Logger } from "../log.ts";
import type { OwnHosts } from "../own-hosts.ts";
import { Problem } from "../request/problem.ts";
import { currentDeadline, inPhase } from "../request/scope.ts";
import { addressPolicy } from "./address-policy.ts";
import { type OriginBreakerOptions, OriginBreakers } from "./breakers.ts";
import { acceptEncoding, decoded } from "./content-encoding.ts";
import { checkDestination, DestinationRefused, refusalDetails } from "./destination.ts";
import { exchange, type HttpRequest, type HttpResponse } from "./exchange.ts";
import { Names } from "./names/host-names.ts";
import { mayRetry, withRetries } from "./retries.ts";
import { RetryBudgetByOrigin } from "./retry-budget-by-origin.ts";
import { clientTelemetry } from "./telemetry.ts";
import { withTimeLimit } from "./time-limit.ts";

/** Limits of the calls and their destinations. */
export interface HttpClientOptions {
  /** Maximum connections per origin; further calls wait, within their time limit. */
  connections: number;
  /** Time limit to open a connection. */
  connectTimeoutMs: number;
  /** Time limit of a whole call, from the DNS lookup to the last byte, retries included. */
  timeoutMs: number;
  /** Calls with larger responses fail; the limit applies before and after decompression. */
  maxResponseBytes: number;
  /** Non-public addresses and CIDR networks that may be called. */
  allowPrivate: readonly string[];
  /** Whether a host is ours, so that callers do not choose it. Default: none is. */
  isOwn?: OwnHosts;
  /** Stops calls to destinations that are down. Default: no breaker. */
  breaker?: OriginBreakerOptions | undefined;
  /** DNS servers, such as `127.0.0.1:53`. Default: the system's. */
  dnsServers?: readonly string[];
  /** Resolves names instead of DNS. */
  lookup?: LookupFunction;
}

/** The connection could not be opened in time, or the DNS lookup took too long. */
const timeoutCodes: ReadonlySet<unknown> = new Set(["UND_ERR_CONNECT_TIMEOUT", "ETIMEOUT"]);

/** What {@link httpClient} returns. */
export type HttpClient = ReturnType<typeof httpClient>;

/** A client with its own connection pool. `close()` waits for running calls and for connections that are being opened. */
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
  const budgets = new RetryBudgetByOrigin();
  const breakers = breaker && new OriginBreakers(breaker, isOwn, log);

  /** Created by the first call: loading undici takes 40 ms and 7 MB, and many services make no outbound calls. */
  async function createAgent(): Promise<Agent> {
    const { openAgent } = await import("./agent.ts");
    agent ??= openAgent({ connections, mayConnect, connectTimeoutMs, lookup });
    return agent;
  }

  async function callWithinLimits(url: URL, request: HttpRequest, signal: AbortSignal, endsAt: number) {
    const budget = budgets.forOrigin(url.origin);
    budget.countCall();
    const headers = { "accept-encoding": acceptEncoding, ...request.headers };
    const dispatcher = agent ?? (await createAgent());
    const attempt = () => exchange(url, { ...request, headers }, { dispatcher, signal, maxResponseBytes });
    const releaseName = names.use(url.hostname);
    try {
      const response = mayRetry(request)
        ? await withRetries(attempt, { budget, signal, endsAt, report: telemetry.retry })
        : await attempt();
      return await decoded(response, maxResponseBytes);
    } finally {
      releaseName();
    }
  }

  async function call(url: URL, request: HttpRequest): Promise<HttpResponse> {
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
     * Calls `url` and returns the response, whatever its status. Does not follow redirects: it returns them as they are.
     *
     * @throws {Problem} outbound_timeout; dependency_failed when no complete response arrives; destination_refused (422) when
     * the address policy forbids the call; breaker_open; the request's own problem when the request ends first.
     */
    async request(url: string, request: HttpRequest = {}): Promise<HttpResponse> {
      // `new URL()` would attach its input, which may hold a secret, to the error.
      const destination = URL.parse(url);
      const refusal = checkDestination(destination, mayConnect);
      if (destination === null || refusal !== undefined) {
        telemetry.refused(refusal ?? "scheme");
        throw new DestinationRefused(refusal ?? "scheme");
      }
      const work = () => call(destination, request);
      return inPhase("outbound", () => (breakers === undefined ? work() : breakers.run(destination, work)));
    },

    /** Why `url` can never be called, for its author. Undefined when it may be. Does not resolve host names. */
    refusal(url: string): string | undefined {
      const refusal = checkDestination(URL.parse(url), mayConnect);
      return refusal === undefined ? undefined : refusalDetails[refusal];
    },

    /** Current connections and waiting requests by origin. */
    stats: () => agent?.stats ?? {},

    /** Number of breakers in each state: those of recently called origins, and of destinations that have failed. */
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
