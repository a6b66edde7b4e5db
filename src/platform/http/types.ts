// The shape of a request inside the service: what the middleware puts there for handlers and for each other.
import type { Middleware as KoaMiddleware, ParameterizedContext } from "koa";
import type { Deadline } from "../request/deadline.ts";
import type { PhaseClock } from "../request/phases.ts";
import type { ProblemType } from "../request/problem.ts";
import type { RequestScope } from "../request/scope.ts";

/** The priority classes of requests, highest first. */
export const priorities = ["high", "normal", "low"] as const;
export type Priority = (typeof priorities)[number];

/** One operation of the API, as data. Middleware decides by these fields, never by the raw path. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** In @koa/router's syntax, such as `/api/orders/:id`. */
  readonly path: string;
  /** Public routes skip authentication. */
  readonly public?: boolean;
  /** Higher classes are admitted first when slots are scarce; under pressure, low is shed. Default: normal. */
  readonly priority?: Priority;
  /** The handler calls services chosen by its callers. All such routes share half of the slots. */
  readonly outbound?: boolean;
  readonly handle: (ctx: Context) => Promise<void> | void;
}

export interface RequestState {
  requestId: string;
  deadline: Deadline;
  /** Where the request's time goes. */
  phases: PhaseClock;
  /** What code without access to the context can read; see {@link currentDeadline}. */
  scope?: RequestScope;
  /** Called when the request has its slot; see {@link WaitingBodies}. */
  onAdmitted?: () => void;
  /** See {@link whenEnded}. */
  endedHooks?: (() => void)[];
  /** See {@link whenAnswered}. */
  answeredHooks?: (() => void)[];
  /** See {@link whenHandedOver}. */
  handedOverHooks?: (() => void)[];
  /** The route's template, for telemetry. See {@link nameRoute}. */
  routeName?: string;
  /** Why the response is a 5xx. */
  problem?: ProblemType;
  /** As reported by the trusted proxies. */
  clientAddress?: string;
  /** The values of the RateLimit headers for the limits checked so far. */
  rateLimit?: { policy: string; items: string };
  /** Set by routeMatch; every later middleware may rely on it. */
  route?: Route;
  /** The decoded path parameters. */
  params: Record<string, string>;
  /** The caller, once authenticated. */
  subject?: string;
}

export type Context = ParameterizedContext<RequestState>;
export type Middleware = KoaMiddleware<RequestState>;
