// Lets a request on when the queue gives it a place, and gives the place back however the request ends.
import { metrics, ValueType } from "@opentelemetry/api";
import type { Next } from "koa";
import { callerOfOutbound } from "../http/caller.ts";
import { whenEnded } from "../http/hooks.ts";
import { type Context, type Middleware, type Priority, priorities } from "../http/types.ts";
import { inPhase } from "../request/scope.ts";
import type { AdmissionQueue, Place } from "./admission-queue.ts";
import { refusalCounter } from "./admission-refusals.ts";

const explicitBucketBoundaries = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1];

/**
 * Runs the rest of the chain inside `queue`, in the class of the matched route.
 * Problems: those of {@link AdmissionQueue.enter}. The handler of a request that was refused, or whose client has gone while
 * it waited, never runs. Needs {@link enforceDeadline} before it.
 */
export function admission(queue: AdmissionQueue, refused = refusalCounter()): Middleware {
  const waited = instruments(queue);
  return function admission(ctx, next) {
    const { priority = "normal" } = ctx.state.route ?? {};
    const outboundOf = callerOfOutbound(ctx.state);
    let place: Place | undefined;
    try {
      place = queue.enterAtOnce(priority, ctx.state.deadline.stop, outboundOf);
    } catch (error) {
      throw refused(error, priority);
    }
    if (place === undefined) return waitInLine(ctx, priority, outboundOf, next);
    waited(0, priority);
    return goOn(ctx, place, next);
  };

  async function waitInLine(
    ctx: Context,
    priority: Priority,
    outboundOf: string | undefined,
    next: Next,
  ): Promise<void> {
    const startedAt = performance.now();
    const { stop } = ctx.state.deadline;
    const place = await inPhase("queue", () => queue.enter(priority, stop, outboundOf)).catch((error: unknown) => {
      throw refused(error, priority);
    });
    waited((performance.now() - startedAt) / 1000, priority);
    return goOn(ctx, place, next);
  }
}

function goOn(ctx: Context, place: Place, next: Next): Promise<void> {
  whenEnded(ctx, place.leave);
  ctx.state.admitted?.();
  // Between the turn and this line its client may have gone.
  ctx.state.deadline.stop.throwIfAborted();
  return next();
}

function instruments(queue: AdmissionQueue) {
  const meter = metrics.getMeter("admission");
  const gauge = (name: string, description: string) =>
    meter.createObservableGauge(name, { unit: "{request}", description, valueType: ValueType.INT });
  const limit = gauge("admission.limit", "Most requests that run at a time");
  const running = gauge("admission.running", "Requests that run");
  const queued = gauge("admission.queued", "Requests that wait for their turn");
  meter.addBatchObservableCallback(
    (result) => {
      const state = queue.state();
      result.observe(limit, state.limit);
      for (const priority of priorities) {
        result.observe(running, state.running[priority], { class: priority });
        result.observe(queued, state.queued[priority], { class: priority });
      }
    },
    [limit, running, queued],
  );
  const wait = meter.createHistogram("admission.wait.duration", {
    unit: "s",
    description: "Time that admitted requests waited for their turn",
    advice: { explicitBucketBoundaries },
  });
  // Frozen and used again, which makes a record cheap.
  const attributes = (priority: Priority) => Object.freeze({ class: priority });
  const byClass = { high: attributes("high"), normal: attributes("normal"), low: attributes("low") };
  return (seconds: number, priority: Priority) => wait.record(seconds, byClass[priority]);
}
