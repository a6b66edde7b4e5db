// Waits for a slot and always releases it when the request ends.
import { type Attributes, metrics, ValueType } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import type { Next } from "koa";
import { callerOfOutbound } from "../http/caller.ts";
import { whenEnded } from "../http/hooks.ts";
import { type Context, type Middleware, type Priority, priorities } from "../http/types.ts";
import { Problem } from "../request/problem.ts";
import { inPhase } from "../request/scope.ts";
import { durationBounds } from "../telemetry/duration-bounds.ts";
import type { AdmissionQueue, Slot } from "./admission-queue.ts";
import { refusalCounter } from "./refusal-counter.ts";

/**
 * Runs the rest of the chain while holding a slot of `queue`, with the priority of the matched route. The handler never runs
 * when the request is refused or its client disconnects while waiting. Throws the Problems of {@link AdmissionQueue.acquire}.
 * Needs {@link enforceDeadline} before it.
 */
export function admission(queue: AdmissionQueue, countRefusal = refusalCounter()): Middleware {
  const recordWait = instruments(queue);
  return function admission(ctx, next) {
    const { priority = "normal" } = ctx.state.route ?? {};
    const outboundCaller = callerOfOutbound(ctx.state);
    let slot: Slot | undefined;
    try {
      slot = queue.tryAcquire(priority, ctx.state.deadline.stop, outboundCaller);
      // A request that is refused at once did not wait: it is counted in admission.refused alone.
      if (slot === undefined) queue.throwIfRefusing(priority, outboundCaller);
    } catch (error) {
      throw countRefusal(error, priority);
    }
    if (slot === undefined) return waitForSlot(ctx, priority, outboundCaller, next);
    recordWait(0, priority);
    return runInSlot(ctx, slot, next);
  };

  async function waitForSlot(
    ctx: Context,
    priority: Priority,
    outboundCaller: string | undefined,
    next: Next,
  ): Promise<void> {
    const startedAt = performance.now();
    const { stop } = ctx.state.deadline;
    const seconds = () => (performance.now() - startedAt) / 1000;
    const slot = await inPhase("queue", () => queue.acquire(priority, stop, outboundCaller)).catch((error: unknown) => {
      recordWait(seconds(), priority, error instanceof Problem ? error.type : "_OTHER");
      throw countRefusal(error, priority);
    });
    recordWait(seconds(), priority);
    return runInSlot(ctx, slot, next);
  }
}

function runInSlot(ctx: Context, slot: Slot, next: Next): Promise<void> {
  whenEnded(ctx, slot.release);
  ctx.state.onAdmitted?.();
  // The client may have disconnected since the slot was granted.
  ctx.state.deadline.stop.throwIfAborted();
  return next();
}

function instruments(queue: AdmissionQueue) {
  const meter = metrics.getMeter("admission");
  const gauge = (name: string, description: string) =>
    meter.createObservableGauge(name, { unit: "{request}", description, valueType: ValueType.INT });
  const limit = gauge("admission.limit", "Maximum number of requests that run at a time");
  const running = gauge("admission.running", "Requests that are running");
  const queued = gauge("admission.queued", "Requests that are waiting for a slot");
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
    description: "Time that requests waited for a slot, admitted or not; those refused at once are left out",
    advice: { explicitBucketBoundaries: durationBounds },
  });
  /** By priority and error type ("" for admitted). Frozen and reused, which makes recording cheap. */
  const cache = { high: new Map<string, Attributes>(), normal: new Map(), low: new Map() };
  return (seconds: number, priority: Priority, errorType = "") => {
    let attributes = cache[priority].get(errorType);
    if (attributes === undefined) {
      attributes = Object.freeze({ class: priority, ...(errorType !== "" && { [ATTR_ERROR_TYPE]: errorType }) });
      cache[priority].set(errorType, attributes);
    }
    wait.record(seconds, attributes);
  };
}
