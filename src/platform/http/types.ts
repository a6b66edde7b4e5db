// The shape of a request inside the service: what the middleware before a handler promises to have put there.
import type { Middleware as KoaMiddleware, ParameterizedContext } from "koa";
import type { Deadline } from "../request/deadline.ts";
import type { PhaseClock } from "../request/phases.ts";
import type { ProblemType } from "../request/problem.ts";
import type { RequestScope } from "../request/scope.ts";

/** The classes of requests, best first. */
export const priorities = ["high", "normal", "low"] as const;
export type Priority = (typeof priorities)[number];

/** One operation of the API, as data: the request path's middleware reads it, so that nothing is decided by a raw path. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** In the notation of @koa/router, such as `/api/automations/:id`. */
  readonly path: string;
  /** Public routes skip authentication. */
  readonly public?: boolean;
  /** Who goes first when there are more requests than places; under pressure, low is refused. Not given: normal. */
  readonly priority?: Priority;
  /** Calls services that its callers choose, such as webhooks: these routes together hold half of the slots at most. */
  readonly outbound?: boolean;
  readonly handle: (ctx: Context) => Promise<void> | void;
}

export interface RequestState {
  requestId: string;
  deadline: Deadline;
  /** Where its time goes. */
  phases: PhaseClock;
  /** What deep code knows of the request; see {@link currentDeadline}. */
  scope?: RequestScope;
  /** Told when the request has its slot; see {@link WaitingBodies}. */
  admitted?: () => void;
  /** See {@link whenEnded}. */
  ending?: (() => void)[];
  /** See {@link whenAnswered}. */
  answering?: (() => void)[];
  /** See {@link whenHandedOver}. */
  closing?: (() => void)[];
  /** What telemetry calls the route: its template, once it is known. See {@link nameRoute}. */
  routeName?: string;
  /** Why the request was answered with a 5xx. */
  problem?: ProblemType;
  /** As far as the trusted proxies tell. */
  clientAddress?: string;
  /** What the standard's headers for limits say of those that the request has met so far. */
  rateLimit?: { policy: string; items: string };
  /** Set by the route match; every middleware after it may rely on it. */
  route?: Route;
  /** The parameters of the matched path, decoded. */
  params: Record<string, string>;
  /** Who asks, once authenticated. */
  subject?: string;
}

export type Context = ParameterizedContext<RequestState>;
export type Middleware = KoaMiddleware<RequestState>;
