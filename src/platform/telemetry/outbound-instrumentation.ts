// Limits what the instrumentations of undici (which includes fetch) and http report about outbound calls, before export: no query
// values, no paths unless the host is our own, no values in errors, and a bounded number of destinations.
import type { RequestOptions } from "node:http";
import type { Attributes, Span } from "@opentelemetry/api";
import type { InstrumentationConfigMap } from "@opentelemetry/auto-instrumentations-node";
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

/** The settings of {@link instrument} for the instrumentations of outbound calls. */
export function outboundInstrumentation(isOwn: OwnHosts) {
  function urlAttributes(url: URL | null): Attributes {
    const own = url !== null && isOwn(url.hostname);
    markNextInjection(own);
    if (url === null) return { [ATTR_URL_FULL]: "REDACTED", [ATTR_SERVER_ADDRESS]: "REDACTED" };
    const { full, path, query } = redactedUrl(url, own);
    const address = cut(url.hostname);
    return { [ATTR_URL_FULL]: full, [ATTR_URL_PATH]: path, [ATTR_URL_QUERY]: query, [ATTR_SERVER_ADDRESS]: address };
  }
  return {
    "@opentelemetry/instrumentation-undici": {
      startSpanHook: ({ origin, path, method }) => ({
        ...urlAttributes(URL.parse(path, origin)),
        [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: cut(method),
      }),
      requestHook: withoutValues,
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
      requestHook: withoutValues,
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

/** The SDK keeps 2000 series per instrument; later ones lose all their attributes. */
const maxDestinations = 50;
const maxOutcomes = 20;
/** Reserved for our own hosts, on top of {@link maxDestinations}. */
const maxOwnDestinations = 25;
const other = "_OTHER";

/**
 * A view for the SDK that bounds the series of outbound calls: clients choose where webhooks go, and what answers there. It also
 * gives them the service's bucket bounds instead of the instrumentation's.
 */
export function boundedDestinations(isOwn: OwnHosts): ViewOptions {
  const outcomes = new Map<string, Set<string>>();
  let [own, foreign] = [0, 0];
  /** Whether the destination has its own series. */
  function hasSeries(key: string, hostname: string): boolean {
    if (outcomes.has(key)) return true;
    const isOurs = isOwn(hostname);
    if (isOurs ? own >= maxOwnDestinations : foreign >= maxDestinations) return false;
    if (isOurs) own += 1;
    else foreign += 1;
    return true;
  }
  const processor: IAttributesProcessor = {
    process(attributes) {
      const { [ATTR_SERVER_ADDRESS]: address, [ATTR_SERVER_PORT]: port, ...rest } = attributes;
      const key = `${address} ${port}`;
      const separate = hasSeries(key, String(address));
      const seen = outcomes.get(separate ? key : other) ?? new Set();
      outcomes.set(separate ? key : other, seen);
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
