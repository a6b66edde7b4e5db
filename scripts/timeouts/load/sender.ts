// Open-loop load: each request leaves when it is due, whatever happened to earlier ones. Latency counts from that due time, so
// neither a stalled service nor a late generator can hide its cost ("coordinated omission").
import { arrivals } from "./arrivals.ts";
import { exchanger } from "./exchange.ts";
import { Latencies } from "./latencies.ts";
import type { Endpoint, LoadFigures, Plan, Progress } from "./load-figures.ts";
import type { Outcome } from "./outcome.ts";
import { phasesOf } from "./phases.ts";
import { Tally } from "./tally.ts";
import { Timeline } from "./timeline.ts";

/** A request from its due time until its end. Call `start` once a slot is free. */
interface Pending {
  start(): void;
  readonly ended: boolean;
}

/** Runs `plan`; `stop` abandons the requests in flight. `onStart` receives a function that returns the progress. */
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

  function schedule(endpoint: Endpoint, dueMs: number): Pending {
    let sentMs: number | undefined;
    let abandon: (() => void) | undefined;
    const end = (outcome: Outcome, serverTiming?: string) => {
      if (pending.ended || stop.aborted) return;
      pending.ended = true;
      clearTimeout(timer);
      const latencyMs = sinceStart() - dueMs;
      const phases = phasesOf(serverTiming, sentMs === undefined ? 0 : latencyMs - (sentMs - dueMs));
      if (phases !== undefined && phases.query > 0 && outcome.result !== "refused") queries.record(phases.query);
      for (const tally of [tallies.get(endpoint), total]) tally?.record(outcome, latencyMs, phases);
      timeline.record(outcome, dueMs, latencyMs);
      results[outcome.result] += 1;
      ended += 1;
      if (sentMs !== undefined) inFlight -= 1;
      startWaiting();
      if (ended === due.length) done.resolve();
    };
    const onTimeout = () => {
      abandon?.();
      if (sentMs === undefined) late.record(sinceStart() - dueMs);
      end({ result: "timedOut", reason: "client timeout" });
    };
    const timer = setTimeout(onTimeout, Math.max(0, dueMs + plan.timeoutMs - sinceStart()));
    const pending = {
      ended: false,
      start() {
        sentMs = sinceStart();
        late.record(sentMs - dueMs);
        inFlight += 1;
        inFlightMax = Math.max(inFlightMax, inFlight);
        abandon = exchange(endpoint.method, endpoint.path, ({ outcome, serverTiming }) => end(outcome, serverTiming));
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
      const request = schedule(endpoint, dueMs);
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
