// Lets a request on when the queue gives it a place, and gives the place back however the request ends.
import { metrics, ValueType } from "@opentelemetry/api";
import type { Next } from "koa";
import { createHistogram } from "./histograms.ts";
import { type Context, type Middleware, type Priority, priorities } from "./http.ts";
import { whenEnded } from "./lifecycle.ts";
import { Problem, type ProblemType } from "./problem.ts";
import type { AdmissionQueue, Place } from "./queue.ts";
import { inPhase } from "./request-scope.ts";

/** What the queue refuses. A client that leaves and a deadline that runs out end a wait too, but are no refusals. */
const refusals: readonly ProblemType[] = ["queue_full", "queue_timeout", "shed"];
const isRefusal = (type: ProblemType) => refusals.includes(type);

const waitBoundaries = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1];

/**
 * Runs the rest of the chain inside `queue`, in the class of the matched route.
 * Problems: those of {@link AdmissionQueue.enter}. The handler of a request that was refused, or whose client has gone while
 * it waited, never runs. Needs {@link enforceDeadline} before it.
 */
export function admission(queue: AdmissionQueue): Middleware {
  const { waited, refused } = instruments(queue);
  return function admission(ctx, next) {
    const { priority = "normal", outbound = false } = ctx.state.route ?? {};
    let place: Place | undefined;
    try {
      place = queue.enterAtOnce(priority, ctx.state.deadline.stop, outbound);
    } catch (error) {
      throw counted(error, priority);
    }
    if (place === undefined) return waitInLine(ctx, priority, outbound, next);
    waited[priority].record(0);
    return goOn(ctx, place, next);
  };

  async function waitInLine(ctx: Context, priority: Priority, outbound: boolean, next: Next): Promise<void> {
    const startedAt = performance.now();
    const { stop } = ctx.state.deadline;
    const place = await inPhase("queue", () => queue.enter(priority, stop, outbound)).catch((error: unknown) => {
      throw counted(error, priority);
    });
    waited[priority].record((performance.now() - startedAt) / 1000);
    return goOn(ctx, place, next);
  }

  function counted(error: unknown, priority: Priority): unknown {
    if (error instanceof Problem && isRefusal(error.type)) refused.add(1, { reason: error.type, class: priority });
    return error;
  }
}

function goOn(ctx: Context, place: Place, next: Next): Promise<void> {
  whenEnded(ctx, place.leave);
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
  const refused = meter.createCounter("admission.refused", {
    unit: "{request}",
    description: "Requests that were refused a turn, by reason",
    valueType: ValueType.INT,
  });
  // A counter that has not counted yet is not exported: with the first zero, "none so far" can be told from "no data".
  for (const priority of priorities) for (const reason of refusals) refused.add(0, { reason, class: priority });
  const wait = createHistogram("admission", "admission.wait.duration", {
    unit: "s",
    description: "Time that admitted requests waited for their turn",
    boundaries: waitBoundaries,
  });
  const series = (priority: Priority) => wait.series({ class: priority });
  const waited = { high: series("high"), normal: series("normal"), low: series("low") };
  return { waited, refused };
}
