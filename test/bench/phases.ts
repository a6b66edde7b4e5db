// `npm run bench:phases`: the cost of a request's phases in isolation: the clock through a queue, a pool and a query, and the report
// at the end. Prints microseconds a request.
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import Koa from "koa";
import { whenHandedOver } from "../../src/platform/http/hooks.ts";
import type { RequestState } from "../../src/platform/http/types.ts";
import { phaseReport } from "../../src/platform/reporting/phase-report.ts";
import { LoopStalls } from "../../src/platform/request/loop-stalls.ts";
import { PhaseClock, type Wait } from "../../src/platform/request/phases.ts";
import { type Spread, spreadOf } from "./figures.ts";

const waits: readonly Wait[] = ["queue", "pool", "query"];

/** CPU time of a request's phases, over several runs of `requests` requests. */
export async function measurePhases(runs: number, requests: number): Promise<Spread> {
  const stalls = new LoopStalls();
  const report = phaseReport({ serverTiming: false, systemState: () => ({}) });
  const incoming = new IncomingMessage(new Socket());
  const ctx = new Koa<RequestState>().createContext<RequestState>(incoming, new ServerResponse(incoming));
  ctx.state.routeName = "/things/{id}";
  const next = async () => {};
  const request = async (withPhases: boolean) => {
    if (withPhases) {
      const clock = new PhaseClock(stalls);
      ctx.state.phases = clock;
      for (const wait of waits) {
        clock.enter(wait);
        clock.leave(wait);
      }
      await report(ctx, next);
    } else {
      whenHandedOver(ctx, () => {});
      await next();
    }
    ctx.res.emit("close");
    ctx.res.removeAllListeners("close").removeAllListeners("prefinish");
    delete ctx.state.handedOverHooks;
  };
  const run = async (withPhases: boolean) => {
    const before = process.cpuUsage();
    for (let sent = 0; sent < requests; sent += 1) await request(withPhases);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / requests;
  };
  const costs: number[] = [];
  await run(true);
  await run(false);
  for (let at = 0; at < runs; at += 1) costs.push((await run(true)) - (await run(false)));
  stalls.stop();
  return spreadOf(costs);
}

if (import.meta.main) {
  const { median, min, max } = await measurePhases(9, 100_000);
  console.log(
    `phases: ${median.toFixed(2)} µs a request (median of 9 runs; ${min.toFixed(2)} to ${max.toFixed(2)}), less than 5 wanted`,
  );
}
