// Open-loop load: each request leaves when it is due, whatever became of those before it. Latency counts from when it was due,
// so neither a service that stands still nor a generator that is late can hide what that costs ("coordinated omission").
import { arrivals } from "./arrivals.ts";
import { exchanger } from "./exchange.ts";
import { Latencies } from "./latencies.ts";
import type { Endpoint, LoadFigures, Plan, Progress } from "./load-figures.ts";
import type { Outcome } from "./outcome.ts";
import { phasesOf } from "./phases.ts";
import { Tally } from "./tally.ts";
import { Timeline } from "./timeline.ts";

/** A request from when it was due until its end; `start` sends it when there is a place for it. */
interface Pending {
  start(): void;
  readonly ended: boolean;
}

/** Carries out `plan`; on `stop` it gives up what is under way. `onStart` gets a way to ask how far it is. */
export async function sendLoad(
  plan: Plan,
  stop: AbortSignal,
  onStart: (progress: () => Progress) => void = () => undefined,
): Promise<LoadFigures> {
  const { exchange, close } = exchanger(plan.origin, plan.headers, plan.maxInFlight);
  const due = arrivals(plan.perSecond, plan.seconds, plan.seed);
  const tallies = new Map(plan.endpoints.map((endpoint) => [endpoint, new Tally(endpoint.name)]));
  const total = new Tally("all");
  const timeline = new Timeline(plan.seconds);
  const late = new Latencies();
  const queries = new Latencies();
  const results = { good: 0, refused: 0, timedOut: 0, error: 0 };
  const waiting: Pending[] = [];
  const done = Promise.withResolvers<void>();
  const beganAt = performance.now();
  const sinceStart = () => performance.now() - beganAt;
  let next = 0;
  let ended = 0;
  let inFlight = 0;
  let inFlightMax = 0;
  let heldBack = 0;

  function progress(): Progress {
    const { error: errors, ...counts } = results;
    return { seconds: sinceStart() / 1000, sent: ended, ...counts, errors, inFlight: next - ended };
  }

  function one(endpoint: Endpoint, dueMs: number): Pending {
    let leftMs: number | undefined;
    let giveUp: (() => void) | undefined;
    const end = (outcome: Outcome, serverTiming?: string) => {
      if (pending.ended || stop.aborted) return;
      pending.ended = true;
      clearTimeout(patience);
      const latencyMs = sinceStart() - dueMs;
      const phases = phasesOf(serverTiming, leftMs === undefined ? 0 : latencyMs - (leftMs - dueMs));
      if (phases !== undefined && phases.query > 0 && outcome.result !== "refused") queries.record(phases.query);
      for (const tally of [tallies.get(endpoint), total]) tally?.record(outcome, latencyMs, phases);
      timeline.record(outcome, dueMs, latencyMs);
      results[outcome.result] += 1;
      ended += 1;
      if (leftMs !== undefined) inFlight -= 1;
      startWaiting();
      if (ended === due.length) done.resolve();
    };
    const timedOut = () => {
      giveUp?.();
      if (leftMs === undefined) late.record(sinceStart() - dueMs);
      end({ result: "timedOut", reason: "client timeout" });
    };
    const patience = setTimeout(timedOut, Math.max(0, dueMs + plan.timeoutMs - sinceStart()));
    const pending = {
      ended: false,
      start() {
        leftMs = sinceStart();
        late.record(leftMs - dueMs);
        inFlight += 1;
        inFlightMax = Math.max(inFlightMax, inFlight);
        giveUp = exchange(endpoint.method, endpoint.path, ({ outcome, serverTiming }) => end(outcome, serverTiming));
      },
    };
    return pending;
  }

  function startWaiting(): void {
    while (inFlight < plan.maxInFlight) {
      const first = waiting.shift();
      if (first === undefined) return;
      if (!first.ended) first.start();
    }
  }

  function sendDue(): void {
    if (stop.aborted) return;
    for (let dueMs = due[next]; dueMs !== undefined && dueMs <= sinceStart(); dueMs = due[next]) {
      const endpoint = plan.endpoints[next % plan.endpoints.length];
      if (endpoint === undefined) throw new RangeError("nothing to send");
      next += 1;
      const request = one(endpoint, dueMs);
      if (inFlight < plan.maxInFlight) request.start();
      else {
        heldBack += 1;
        waiting.push(request);
      }
    }
    const dueMs = due[next];
    if (dueMs !== undefined) setTimeout(sendDue, Math.max(0, dueMs - sinceStart()));
  }

  stop.addEventListener("abort", () => done.resolve(), { once: true });
  onStart(progress);
  sendDue();
  await done.promise;
  const seconds = stop.aborted ? Math.min(plan.seconds, sinceStart() / 1000) : plan.seconds;
  close();
  return {
    seconds,
    total: total.figures(),
    endpoints: [...tallies.values()].map((tally) => tally.figures()),
    timeline: timeline.moments(),
    queryP95Ms: queries.summary()?.p95Ms ?? null,
    generator: { late: late.summary(), inFlightMax, heldBack, unfinished: next - ended },
  };
}
