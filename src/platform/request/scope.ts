// What belongs to a request wherever its work takes it: its deadline and its phases. Deep code, such as the database, asks for
// them here instead of being handed them through every function.
import { type Context, context, ROOT_CONTEXT, type Span, trace } from "@opentelemetry/api";
import type { Deadline } from "./deadline.ts";
import type { PhaseClock, Wait } from "./phases.ts";

/** Filled in as the request goes its way. */
export interface RequestScope {
  deadline?: Deadline;
  phases?: PhaseClock;
}

/**
 * A context of OpenTelemetry with the scope of a request. Spans follow a request's work through one AsyncLocalStorage already:
 * with a second one beside it, Node would copy both for each (`npm run bench`). What is set on top keeps the scope.
 */
class ScopedContext implements Context {
  readonly #under: Context;
  readonly scope: RequestScope;
  readonly #key: symbol | undefined;
  readonly #value: unknown;

  constructor(under: Context, scope: RequestScope, key?: symbol, value?: unknown) {
    this.#under = under;
    this.scope = scope;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#under.getValue(key);
  }

  /** On top of this one, which costs less than a copy of all that is there: contexts have a few values at most. */
  setValue(key: symbol, value: unknown): Context {
    return new ScopedContext(this.#without(key), this.scope, key, value);
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }

  /** So that there is one for each key, and not for each time that it was set: work may start its own next step for ever. */
  #without(key: symbol): Context {
    if (key === this.#key) return this.#under;
    if (!(this.#under instanceof ScopedContext)) return this;
    const under = this.#under.#without(key);
    return under === this.#under ? this : new ScopedContext(under, this.scope, this.#key, this.#value);
  }
}

/**
 * Runs the work of a request, with all that OpenTelemetry's context `under` says, and in `span` when there is one. Needs a
 * context manager: see telemetry/follow-requests.ts.
 */
export function inRequest<Result>(scope: RequestScope, under: Context, work: () => Result, span?: Span): Result {
  const scoped = new ScopedContext(under, scope);
  return context.with(span === undefined ? scoped : trace.setSpan(scoped, span), work);
}

function currentScope(): RequestScope | undefined {
  const active = context.active();
  return active instanceof ScopedContext ? active.scope : undefined;
}

/** The deadline of the request that this code works for; undefined outside of a request. */
export function currentDeadline(): Deadline | undefined {
  return currentScope()?.deadline;
}

/** Where the time of this request goes; undefined outside of a request. */
export function currentPhases(): PhaseClock | undefined {
  return currentScope()?.phases;
}

/** Counts the time until `work` settles as the request's wait of this kind; just runs it outside of a request. */
export async function inPhase<Result>(wait: Wait, work: () => Promise<Result>): Promise<Result> {
  const phases = currentPhases();
  if (phases === undefined) return work();
  phases.enter(wait);
  try {
    return await work();
  } finally {
    phases.leave(wait);
  }
}

/** Runs work that has another deadline than the request that waits for it. */
export function withDeadline<Result>(deadline: Deadline, work: () => Result): Result {
  const phases = currentPhases();
  return inRequest(phases === undefined ? { deadline } : { deadline, phases }, context.active(), work);
}

/** Runs `work` in the background, or rejects with a Problem without having run it. */
export type Background = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Runs work that outlives the request that waits for it, such as the refresh of a shared cache. */
export function withoutDeadline<Result>(work: () => Result): Result {
  const phases = currentPhases();
  return inRequest(phases === undefined ? {} : { phases }, context.active(), work);
}

/** Runs work that is no part of the request that happened to cause it, nor of its trace. */
export function outsideOfRequest<Result>(work: () => Result): Result {
  return context.with(ROOT_CONTEXT, work);
}
