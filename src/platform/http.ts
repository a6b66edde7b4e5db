// The shape of a request inside the service: what the middleware before a handler promises to have put there.
import type { Middleware as KoaMiddleware, ParameterizedContext } from "koa";

/** One operation of the API, as data: the request path's middleware reads it, so that nothing is decided by a raw path. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** In the notation of @koa/router, such as `/api/automations/:id`. */
  readonly path: string;
  /** Public routes skip authentication. */
  readonly public?: boolean;
  readonly handle: (ctx: Context) => Promise<void> | void;
}

export interface RequestState {
  /** Set by the route match; every middleware after it may rely on it. */
  route?: Route;
  /** The parameters of the matched path, decoded. */
  params: Record<string, string>;
}

export type Context = ParameterizedContext<RequestState>;
export type Middleware = KoaMiddleware<RequestState>;
