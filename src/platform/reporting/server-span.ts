// Creates the span of each request and measures its duration, following OpenTelemetry's conventions for HTTP servers. Replaces the
// incoming half of the standard instrumentation, which costs several times as much (`npm run bench`): it parses the address
// again, wraps every listener of the request and the response, and can't see the route or why a request was refused.
import {
  type Attributes,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
} from "@opentelemetry/semantic-conventions";
import { clientAddress, clientScheme, type Scheme } from "../http/client-address.ts";
import { whenHandedOver } from "../http/hooks.ts";
import { unmatchedRoute } from "../http/router.ts";
import type { Context, Middleware } from "../http/types.ts";
import { cut, redactedQuery } from "../redaction.ts";
import { inRequest } from "../request/scope.ts";
import { durationBounds } from "../telemetry/duration-bounds.ts";
import { followRequests } from "../telemetry/follow-requests.ts";
import { untraced } from "../telemetry/untraced.ts";

const scope = "http-server";
/** Other methods count as `_OTHER`, so that clients can't add series by inventing methods. */
const methods = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"]);

/**
 * Runs the rest of the chain in a server span, which ends when the answer has been handed to the socket or the client has gone.
 * `trustedProxies` is the number of proxies in front of the service that append to X-Forwarded-For. A GET or HEAD of one of
 * `untracedPaths` is measured like the others, but neither it nor anything below it makes a span.
 */
export function serverSpan(trustedProxies: number, untracedPaths: readonly string[] = []): Middleware {
  const probes = new Set(untracedPaths);
  const tracer = trace.getTracer(scope);
  const duration = metrics.getMeter(scope).createHistogram(METRIC_HTTP_SERVER_REQUEST_DURATION, {
    unit: "s",
    description: "Duration of HTTP server requests",
    advice: { explicitBucketBoundaries: durationBounds },
  });
  const attributesOf = durationAttributes();
  followRequests();
  return function serverSpan(ctx, next) {
    const startedAt = performance.now();
    const { req, res } = ctx;
    ctx.state.clientAddress = clientAddress(req, trustedProxies);
    const method = methods.has(ctx.method) ? ctx.method : "_OTHER";
    const scheme = clientScheme(req, trustedProxies);
    const isUntraced = (method === "GET" || method === "HEAD") && probes.has(pathOf(req.url ?? ""));
    const parent = isUntraced ? untraced(ROOT_CONTEXT) : propagation.extract(ROOT_CONTEXT, req.headers);
    const span = isUntraced
      ? undefined
      : tracer.startSpan(method, { kind: SpanKind.SERVER, attributes: requestAttributes(ctx, method, scheme) }, parent);
    whenHandedOver(ctx, () => {
      const route = ctx.state.routeName ?? unmatchedRoute;
      const { statusCode } = res;
      const errorType = statusCode < 500 ? undefined : (ctx.state.problem ?? String(statusCode));
      if (span?.isRecording()) endSpan(span, ctx, `${method} ${route}`, route, errorType);
      const attributes = attributesOf(method, route, statusCode, errorType, req.httpVersion, scheme);
      duration.record((performance.now() - startedAt) / 1000, attributes);
    });
    // One context for the whole request: it holds the span, and requestContext() adds to its scope.
    ctx.state.scope = {};
    return inRequest(ctx.state.scope, parent, next, span);
  };
}

function requestAttributes(ctx: Context, method: string, scheme: Scheme): Attributes {
  const { headers, url = "" } = ctx.req;
  const userAgent = headers["user-agent"];
  const queryAt = url.indexOf("?");
  const path = pathOf(url);
  return {
    [ATTR_HTTP_REQUEST_METHOD]: method,
    ...(method !== ctx.method && { [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: cut(ctx.method) }),
    [ATTR_URL_SCHEME]: scheme,
    // `//user:password@host` is a path, but may hold credentials.
    [ATTR_URL_PATH]: cut(path.startsWith("//") ? path.replace(/^\/\/[^/]*@/, "//REDACTED@") : path),
    // Redacted: may hold secrets or personal data.
    ...(queryAt !== -1 && { [ATTR_URL_QUERY]: redactedQuery(url.slice(queryAt + 1)) }),
    [ATTR_CLIENT_ADDRESS]: ctx.state.clientAddress,
    ...(userAgent !== undefined && { [ATTR_USER_AGENT_ORIGINAL]: cut(userAgent) }),
  };
}

/** Not with Koa's parser, which throws on some paths that clients can send. An absolute URL may hold a password. */
function pathOf(url: string): string {
  const target = url.startsWith("/") ? url : (URL.parse(url)?.pathname ?? "");
  const [path = ""] = target.split(/[?#]/, 1);
  return path;
}

function endSpan(span: Span, ctx: Context, name: string, route: string, errorType: string | undefined): void {
  span.updateName(name);
  span.setAttribute(ATTR_HTTP_ROUTE, route);
  span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, ctx.res.statusCode);
  if (errorType !== undefined) {
    span.setAttribute(ATTR_ERROR_TYPE, errorType);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** Caches the attributes of request durations by route and outcome. Frozen and reused, which makes recording cheap. */
function durationAttributes() {
  const byRoute = new Map<string, Outcome[]>();
  return (
    method: string,
    route: string,
    statusCode: number,
    errorType: string | undefined,
    version: string,
    scheme: Scheme,
  ) => {
    const outcomes = byRoute.get(route) ?? [];
    // A few per route, the common one first: a scan is cheaper than building a key.
    for (const outcome of outcomes)
      if (
        outcome.statusCode === statusCode &&
        outcome.method === method &&
        outcome.errorType === errorType &&
        outcome.version === version &&
        outcome.scheme === scheme
      )
        return outcome.attributes;
    const attributes = Object.freeze({
      [ATTR_HTTP_REQUEST_METHOD]: method,
      [ATTR_HTTP_ROUTE]: route,
      [ATTR_HTTP_RESPONSE_STATUS_CODE]: statusCode,
      [ATTR_URL_SCHEME]: scheme,
      [ATTR_NETWORK_PROTOCOL_VERSION]: version,
      ...(errorType !== undefined && { [ATTR_ERROR_TYPE]: errorType }),
    });
    byRoute.set(route, [...outcomes, { method, statusCode, errorType, version, scheme, attributes }]);
    return attributes;
  };
}

interface Outcome {
  method: string;
  statusCode: number;
  errorType: string | undefined;
  version: string;
  scheme: Scheme;
  attributes: Attributes;
}
