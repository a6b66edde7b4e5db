// Limits what the instrumentations of undici (which includes fetch) and http report about outbound calls, before export: no query
// values, no paths unless the host is our own, no values in errors, and a bounded number of destinations.
import type { RequestOptions } from "node:http";
import { type Attributes, context, type Span } from "@opentelemetry/api";
import type { InstrumentationConfigMap } from "@opentelemetry/auto-instrumentations-node";
import { isTracingSuppressed } from "@opentelemetry/core";
import { AggregationType, type IAttributesProcessor, type ViewOptions } from "@opentelemetry/sdk-metrics";
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_USER_AGENT_ORIGINAL,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
} from "@opentelemetry/semantic-conventions";
import { exceptionOf } from "../error-fields.ts";
import type { OwnHosts } from "../own-hosts.ts";
import { cut, redactedUrl } from "../redaction.ts";
import { durationBounds } from "./duration-bounds.ts";
import { markNextInjection } from "./outbound-propagation.ts";

const redacted = "REDACTED";

/** Exporters suppress the spans of their own requests; without this, those would count as outbound calls all the same. */
const isOfTelemetry = () => isTracingSuppressed(context.active());

/** The settings of {@link instrument} for the instrumentations of outbound calls. */
export function outboundInstrumentation(isOwn: OwnHosts, destinations: Destinations) {
  function urlAttributes(url: URL | null): Attributes {
    const own = url !== null && isOwn(url.hostname);
    markNextInjection(own);
    if (url === null) return { [ATTR_URL_FULL]: redacted, [ATTR_SERVER_ADDRESS]: redacted };
    const { full, path, query } = redactedUrl(url, own);
    const address = cut(url.hostname);
    return { [ATTR_URL_FULL]: full, [ATTR_URL_PATH]: path, [ATTR_URL_QUERY]: query, [ATTR_SERVER_ADDRESS]: address };
  }
  function requestHook(span: Span): void {
    withoutValues(span);
    nameByHost(span, destinations);
  }
  return {
    "@opentelemetry/instrumentation-undici": {
      startSpanHook: ({ origin, path, method }) => ({
        ...urlAttributes(URL.parse(path, origin)),
        [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: cut(method),
      }),
      requestHook,
      ignoreRequestHook: isOfTelemetry,
    },
    "@opentelemetry/instrumentation-http": {
      startOutgoingSpanHook(request) {
        const userAgent = Object(request.headers)["user-agent"];
        return {
          ...urlAttributes(urlOf(request)),
          ...(userAgent !== undefined && { [ATTR_USER_AGENT_ORIGINAL]: cut(String(userAgent)) }),
          ...(request.method !== undefined && { [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: cut(request.method) }),
        };
      },
      requestHook,
      ignoreOutgoingRequestHook: isOfTelemetry,
    },
  } satisfies InstrumentationConfigMap;
}

function urlOf({ protocol, agent, port, defaultPort, host, hostname, path }: RequestOptions): URL | null {
  const known = protocol ?? Object(agent).protocol;
  const scheme = known ?? (Number(port ?? defaultPort) === 443 ? "https:" : "http:");
  const name = hostname ?? host ?? "localhost";
  const bracketed = name.includes(":") && !name.startsWith("[") && !/:\d+$/.test(name) ? `[${name}]` : name;
  const base = URL.parse(`${scheme}//${bracketed}`);
  if (base !== null && port) base.port = String(port);
  return base && URL.parse(path ?? "/", base.href);
}

/** The instrumentations record errors unredacted, and repeat their messages in the status. */
function withoutValues(span: Span): void {
  const record = span.recordException.bind(span);
  const setStatus = span.setStatus.bind(span);
  span.recordException = (exception, time) => record(exceptionOf(exception), time);
  span.setStatus = ({ code }) => setStatus({ code });
}

/** Names a span such as `POST` for the host too: `POST hooks.example`. Span metrics have a series per name, so hosts are bounded. */
function nameByHost(span: Span, destinations: Destinations): void {
  // Absent when the span is not recorded.
  const { name, attributes }: { name?: string; attributes?: Attributes } = Object(span);
  const address = attributes?.[ATTR_SERVER_ADDRESS];
  if (name === undefined || attributes === undefined || typeof address !== "string" || address === redacted) return;
  span.updateName(`${name} ${destinations.has(address, attributes[ATTR_SERVER_PORT]) ? address : other}`);
}

/** The SDK keeps 2000 series per instrument; later ones lose all their attributes. */
const maxDestinations = 50;
const maxOutcomes = 20;
/** Reserved for our own hosts, on top of {@link maxDestinations}. */
const maxOwnDestinations = 25;
const other = "_OTHER";

/** The destinations that telemetry tells apart, first come first served: a name stays until the process ends. */
export class Destinations {
  readonly #isOwn: OwnHosts;
  readonly #known = new Set<string>();
  #own = 0;
  #foreign = 0;

  constructor(isOwn: OwnHosts) {
    this.#isOwn = isOwn;
  }

  /** Whether this destination is among them. Adds it while there is room. */
  has(hostname: string, port: unknown): boolean {
    const key = `${hostname} ${port}`;
    if (this.#known.has(key)) return true;
    const isOwn = this.#isOwn(hostname);
    if (isOwn ? this.#own >= maxOwnDestinations : this.#foreign >= maxDestinations) return false;
    if (isOwn) this.#own += 1;
    else this.#foreign += 1;
    this.#known.add(key);
    return true;
  }
}

/**
 * A view for the SDK that bounds the series of outbound calls: clients choose where calls go, and what answers there. It also
 * gives them the service's bucket bounds instead of the instrumentation's.
 */
export function boundedDestinations(destinations: Destinations): ViewOptions {
  const outcomes = new Map<string, Set<string>>();
  const processor: IAttributesProcessor = {
    process(attributes) {
      const { [ATTR_SERVER_ADDRESS]: address, [ATTR_SERVER_PORT]: port, ...rest } = attributes;
      const separate = destinations.has(String(address), port);
      const key = separate ? `${address} ${port}` : other;
      const seen = outcomes.get(key) ?? new Set();
      outcomes.set(key, seen);
      const bounded = separate ? attributes : { ...rest, [ATTR_SERVER_ADDRESS]: other };
      const outcome = JSON.stringify(rest);
      if (!seen.has(outcome) && seen.size >= maxOutcomes) return withOtherOutcome(bounded);
      seen.add(outcome);
      return bounded;
    },
  };
  return {
    instrumentName: METRIC_HTTP_CLIENT_REQUEST_DURATION,
    attributesProcessors: [processor],
    aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: durationBounds } },
  };
}

function withOtherOutcome(attributes: Attributes): Attributes {
  const { [ATTR_HTTP_RESPONSE_STATUS_CODE]: _status, ...rest } = attributes;
  return ATTR_ERROR_TYPE in rest ? { ...rest, [ATTR_ERROR_TYPE]: other } : rest;
}
