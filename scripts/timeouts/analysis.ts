// The analysis from start to finish: warm up, measure the idle service, find its capacity unless a rate is given, then load it
// and sample its health and metrics.
import type { Arguments } from "./command/arguments.ts";
import type { ProgressLine } from "./command/progress.ts";
import { type Capacity, findCapacity, judgedShare } from "./load/capacity.ts";
import type { Endpoint, LoadFigures, Plan } from "./load/load-figures.ts";
import type { Load } from "./load/load-generator.ts";
import { Tally } from "./load/tally.ts";
import type { Report } from "./report.ts";
import type { Samples } from "./service/sample-figures.ts";
import { startSampling } from "./service/samples.ts";
import { judge } from "./verdict/targets.ts";
import { verdictOf } from "./verdict/verdict.ts";

/** The first calls open connections and compile code, so they are slow everywhere. They don't count. */
const warmUpS = 1;
const calmRate = 10;
const calmS = 2;
const stepS = 2.5;

/** Runs the whole analysis. After `stop` it resolves early, with a partial report. */
export async function analyse(
  args: Arguments,
  endpoints: Endpoint[],
  { load, progress, stop }: { load: Load; progress: ProgressLine; stop: AbortSignal },
): Promise<Report> {
  const startedAt = new Date().toISOString();
  const { url, headers, timeoutMs, maxInFlight } = args;
  let seed = 0;
  const run = (what: string, perSecond: number, seconds: number): Promise<LoadFigures> => {
    seed += 1;
    const plan: Plan = { origin: url.origin, endpoints, headers, perSecond, seconds, timeoutMs, maxInFlight, seed };
    return load.run(plan, stop, (figures) => progress.show(what, figures));
  };

  const calmPerSecond = Math.min(calmRate, args.perSecond ?? calmRate);
  await run("warming up", calmPerSecond, warmUpS);
  const calm = await run("calm", calmPerSecond, calmS);
  const capacity = args.perSecond === undefined && !stop.aborted ? await search() : null;
  const perSecond = args.perSecond ?? (capacity === null ? null : judgedShare * capacity.perSecond);
  const { figures, samples } = perSecond === null || stop.aborted ? noFigures(endpoints) : await measure(perSecond);
  const targets = judge(figures, samples);
  return {
    version: 1,
    url: url.href,
    startedAt,
    partial: stop.aborted,
    perSecond,
    seconds: figures.seconds,
    arrivals: "poisson",
    clientTimeoutMs: timeoutMs,
    capacity,
    endpoints: figures.endpoints,
    total: figures.total,
    timeline: figures.timeline,
    calm: { latency: calm.total.latency, phases: calm.total.phases.mean },
    queryP95Ms: figures.queryP95Ms,
    generator: { ...figures.generator, maxInFlight },
    ...samples,
    targets,
    verdict: verdictOf({ load: figures, calm, samples, targets }),
  };

  async function search(): Promise<Capacity> {
    const step = (rate: number) => run(`finding the capacity, ${rate} a second`, rate, stepS);
    const found = await findCapacity(step, calm, { stop });
    if (!stop.aborted) progress.say(`capacity: ${found.perSecond} a second (search ended by: ${found.endedBy})`);
    return found;
  }

  async function measure(rate: number): Promise<{ figures: LoadFigures; samples: Samples }> {
    const sampling = startSampling(args.adminUrl.origin);
    try {
      const figures = await run(`${Math.round(10 * rate) / 10} a second`, rate, args.seconds);
      return { figures, samples: await sampling.stop() };
    } finally {
      await sampling.stop();
    }
  }
}

/** For a run that was stopped before the load began. */
function noFigures(endpoints: readonly Endpoint[]): { figures: LoadFigures; samples: Samples } {
  const figures: LoadFigures = {
    seconds: 0,
    total: new Tally("all").figures(),
    endpoints: endpoints.map(({ name }) => new Tally(name).figures()),
    timeline: [],
    queryP95Ms: null,
    generator: { late: null, inFlightMax: 0, heldBack: 0, unfinished: 0 },
  };
  return { figures, samples: { health: null, metrics: null } };
}
