// Carries a request's deadline and phase clock through its asynchronous work. Nested code, such as the database, reads them
// here instead of taking them as arguments through every function.
import { type Context, context, ROOT_CONTEXT, type Span, trace } from "@opentelemetry/api";
import type { Deadline } from "./deadline.ts";
import type { PhaseClock, Wait } from "./phases.ts";

/** Filled in as the request proceeds. */
export interface RequestScope {
  deadline?: Deadline;
  phases?: PhaseClock;
}

/**
 * An OpenTelemetry context with a request's scope. Contexts already follow a request's work through one AsyncLocalStorage; a
 * second one would cost extra for every asynchronous step (`npm run bench`). Contexts derived from this one keep the scope.
 */
class ScopedContext implements Context {
  readonly #parent: Context;
  readonly scope: RequestScope;
  readonly #key: symbol | undefined;
  readonly #value: unknown;

  constructor(parent: Context, scope: RequestScope, key?: symbol, value?: unknown) {
    this.#parent = parent;
    this.scope = scope;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#parent.getValue(key);
  }

  /** Layers the value on top of this context: contexts hold few values, so looking through layers costs less than copying. */
  setValue(key: symbol, value: unknown): Context {
    return new ScopedContext(this.#without(key), this.scope, key, value);
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }

  /** Keeps one layer per key. Without this, work that schedules its own next step would add layers forever. */
  #without(key: symbol): Context {
    if (key === this.#key) return this.#parent;
    if (!(this.#parent instanceof ScopedContext)) return this;
    const parent = this.#parent.#without(key);
    return parent === this.#parent ? this : new ScopedContext(parent, this.scope, this.#key, this.#value);
  }
}

/**
 * Runs a request's work with its scope on top of the OpenTelemetry context `parent`, and inside `span` if there is one. Needs
 * a context manager: see telemetry/follow-requests.ts.
 */
export function inRequest<Result>(scope: RequestScope, parent: Context, work: () => Result, span?: Span): Result {
  const scoped = new ScopedContext(parent, scope);
  return context.with(span === undefined ? scoped : trace.setSpan(scoped, span), work);
}

function currentScope(): RequestScope | undefined {
  const active = context.active();
  return active instanceof ScopedContext ? active.scope : undefined;
}

/** The deadline of the current request; undefined outside a request. */
export function currentDeadline(): Deadline | undefined {
  return currentScope()?.deadline;
}

/** The phase clock of the current request; undefined outside a request. */
export function currentPhases(): PhaseClock | undefined {
  return currentScope()?.phases;
}

/** Counts the time until `work` settles as a wait of the current request. Outside a request, runs `work` only. */
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

/** Runs work with a deadline other than that of the request that waits for it. */
export function withDeadline<Result>(deadline: Deadline, work: () => Result): Result {
  const phases = currentPhases();
  return inRequest(phases === undefined ? { deadline } : { deadline, phases }, context.active(), work);
}

/** Runs `work` in the background, or rejects with a Problem without running it. */
export type Background = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Runs work that may outlive the request that started it, such as a cache refresh. */
export function withoutDeadline<Result>(work: () => Result): Result {
  const phases = currentPhases();
  return inRequest(phases === undefined ? {} : { phases }, context.active(), work);
}

/** Runs work that belongs neither to the current request nor to its trace. */
export function outsideRequest<Result>(work: () => Result): Result {
  return context.with(ROOT_CONTEXT, work);
}
