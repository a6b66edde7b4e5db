// Every scenario on a container of the running stack: within 30 s a figure at the top is red, and within 60 s the thickest
// band, the verdict and the traces name the cause. Runs last, because its load is not counted.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { type Scenario, scenarios } from "../../scripts/scenarios/catalog.ts";
import { Load } from "../../scripts/timeouts/load/load-generator.ts";
import { dashboards, fillIn, queriesOf } from "./dashboards.ts";
import { eventually } from "./eventually.ts";
import { bands, redFigures, thickest } from "./figures.ts";
import { type Span, searchTraces } from "./jaeger.ts";
import { query } from "./prometheus.ts";
import { type ServiceContainer, startService } from "./service-container.ts";

const redWithinS = 30;
const withinS = 60;
const calmWithinS = 120;
/** The phase that a scenario makes requests wait in; the others refuse them at once, or make everything slow. */
const ownPhase: Readonly<Record<string, string>> = {
  overload: "queue",
  "pool-exhaustion": "pool",
  "slow-query": "query",
  "slow-auth": "auth",
  "blocked-loop": "loop",
};
/** In the traces: what was slow before a breaker opened, too. */
const tracedPhase: Readonly<Record<string, string>> = { ...ownPhase, "slow-dependency": "outbound" };
/** The state of the service, on the spans of requests that time out. */
const stateNames = ["admission.running", "admission.queued", "db.client.connection.used", "nodejs.eventloop.delay"];
const dashboard = dashboards.find(({ uid }) => uid === "slow-requests");
assert.ok(dashboard);
const page = dashboard;

/** Seconds until each sign was there. */
interface Seen {
  red?: number;
  band?: number;
  verdict?: number;
}

describe("stack: scenarios", () => {
  const containers = new Map<string, ServiceContainer>();

  before("start a container for each", async function () {
    this.timeout(200_000);
    await Promise.all(scenarios.map(async ({ name }) => containers.set(name, await startService(`scenario-${name}`))));
    // Eight starts at once keep a small machine busy for a while, and the verdict covers a minute.
    await eventually(calmWithinS, async () => {
      for (const { name } of containers.values()) {
        assert.deepEqual(await verdictOf(name), ["nothing_wrong"], name);
        assert.deepEqual(await redFigures(page, name), [], name);
      }
    });
  });
  after(() => Promise.all([...containers.values()].map((container) => container.remove())));

  for (const scenario of scenarios) {
    it(`${scenario.name}: a figure is red within ${redWithinS} s, and band and verdict name the cause within ${withinS} s`, async function () {
      this.timeout(150_000);
      await watch(scenario);
    });
  }

  /** Runs a scenario until all its signs are there, or it is too late for one. */
  async function watch(scenario: Scenario): Promise<void> {
    const container = containers.get(scenario.name);
    assert.ok(container);
    const { service, name } = container;
    const load = new Load();
    const stop = new AbortController();
    const seen: Seen = {};
    let last: unknown;
    try {
      const startedAt = performance.now();
      await scenario.provoke(service);
      const running = load.run(
        {
          origin: service.url,
          endpoints: [...scenario.endpoints],
          headers: { authorization: `Bearer ${service.token}` },
          perSecond: scenario.perSecond,
          seconds: withinS + 10,
          timeoutMs: 5000,
          maxInFlight: 5000,
          seed: 1,
        },
        stop.signal,
      );
      const seconds = () => Math.round((performance.now() - startedAt) / 1000);
      while (seconds() <= withinS) {
        const [red, bandsNow, verdict] = await Promise.all([
          redFigures(page, name),
          bands(page, name),
          verdictOf(name),
        ]);
        last = { red, bands: Object.fromEntries(bandsNow), verdict };
        if (red.length > 0) seen.red ??= seconds();
        if (thickest(bandsNow) === ownPhase[scenario.name]) seen.band ??= seconds();
        if (verdict.length === 1 && verdict[0] === scenario.cause) seen.verdict ??= seconds();
        if (isComplete(scenario, seen)) break;
        await pause(1000);
      }
      await assertQueriesRun(name);
      stop.abort();
      await running;
    } finally {
      stop.abort();
      await load.close();
      await service.restore();
      await container.remove();
    }
    const found = JSON.stringify({ seen, last });
    assert.ok((seen.red ?? withinS) <= redWithinS, `no red figure in time: ${found}`);
    assert.ok(isComplete(scenario, seen), found);
    const phase = tracedPhase[scenario.name];
    if (phase !== undefined) await assertTraces(name, phase);
  }
});

function isComplete({ name }: Scenario, { red, band, verdict }: Seen): boolean {
  return red !== undefined && verdict !== undefined && (band !== undefined || ownPhase[name] === undefined);
}

/** Every query of every page runs while the service is in trouble: labels that only appear then must not clash. */
async function assertQueriesRun(service: string): Promise<void> {
  for (const one of dashboards) {
    const fill = await fillIn(one, { service });
    const queries = queriesOf(one).filter(({ source }) => source === "prometheus");
    await Promise.all(queries.map(({ target }) => query(fill(target.expr ?? ""))));
  }
}

/** The causes that the rules name for a service: one. */
async function verdictOf(service: string): Promise<string[]> {
  const found = await query(`service:verdict{service_name="${service}"}`);
  return found.map(({ labels }) => labels.cause ?? "");
}

/** The slow traces in Jaeger have phases that add up to their duration, and `phase` is the longest of most. */
async function assertTraces(service: string, phase: string): Promise<void> {
  await eventually(withinS, async () => {
    const traces = await searchTraces({ service, minDuration: "240ms", limit: "50" });
    const servers = traces.flat().filter(({ tags }) => tags.has("request.phase.own"));
    assert.ok(servers.length > 0, "no slow trace");
    for (const span of servers) {
      const sum = [...phasesOf(span).values()].reduce((total, seconds) => total + seconds, 0);
      // The span starts a little before and ends a little after the measured time.
      assert.ok(Math.abs(sum - span.duration) < 0.02 + 0.02 * span.duration, `${sum} of ${span.duration} s`);
      const isRefused = span.tags.get("error.type") === "pool_timeout";
      const missing = stateNames.filter((name) => isRefused && !span.tags.has(name));
      assert.deepEqual(missing, []);
    }
    const own = servers.filter((span) => thickest(phasesOf(span)) === phase);
    // While calls hang, others wait for the slots that calls may have; a blocked loop also makes the database seem slow.
    const least = ["outbound", "loop"].includes(phase) ? 1 : servers.length / 2;
    assert.ok(own.length >= least, `${own.length} of ${servers.length} slow traces have ${phase} as the longest`);
  });
}

function phasesOf({ tags }: Span): Map<string, number> {
  const found = [...tags].flatMap(([key, seconds]) => {
    const name = /^request\.phase\.(\w+)$/.exec(key)?.[1];
    return name === undefined ? [] : [[name, Number(seconds)] as const];
  });
  return new Map(found);
}
