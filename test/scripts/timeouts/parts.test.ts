import assert from "node:assert/strict";
import { outcomeOf } from "../../../scripts/timeouts/load/outcome.ts";
import { PhaseProfile } from "../../../scripts/timeouts/load/phase-profile.ts";
import { phasesOf } from "../../../scripts/timeouts/load/phases.ts";
import { Tally } from "../../../scripts/timeouts/load/tally.ts";
import { largest, parseSamples, percentileBetween } from "../../../scripts/timeouts/service/prometheus.ts";
import { judge } from "../../../scripts/timeouts/verdict/targets.ts";
import { endpoint, health, load, times } from "./figures.ts";

describe("an outcome", () => {
  it("is one of four kinds, by status and problem type", () => {
    assert.deepEqual(outcomeOf(204, undefined), { result: "good" });
    assert.deepEqual(outcomeOf(304, undefined), { result: "good" });
    assert.deepEqual(outcomeOf(503, "queue_full"), { result: "refused", reason: "queue_full" });
    assert.deepEqual(outcomeOf(429, undefined), { result: "refused", reason: "status 429" });
    assert.deepEqual(outcomeOf(503, "queue_timeout"), { result: "timedOut", reason: "queue_timeout" });
    assert.deepEqual(outcomeOf(504, undefined), { result: "timedOut", reason: "status 504" });
    assert.deepEqual(outcomeOf(500, "internal"), { result: "error", reason: "internal" });
    assert.deepEqual(outcomeOf(401, undefined), { result: "error", reason: "status 401" });
  });
});

describe("phases", () => {
  it("are read from Server-Timing, with the rest of the time as outside", () => {
    assert.deepEqual(phasesOf("query;dur=40.1, own;dur=1.9", 50), times({ query: 40.1, own: 1.9, outside: 8 }));
    assert.deepEqual(phasesOf('auth;desc="x", auth;dur=2', 2), times({ auth: 2 }));
  });

  it("ignore a Server-Timing header without phases", () => {
    for (const header of [undefined, "", "cache;dur=3", "total;dur=9", "outside;dur=4", "query", "query;dur=soon"]) {
      assert.equal(phasesOf(header, 10), undefined, header);
    }
  });

  it("have means over all requests and over the slowest", () => {
    const profile = new PhaseProfile();
    for (let ms = 1; ms <= 1000; ms++) profile.record(ms, times({ query: ms }));
    assert.equal(profile.slowest(1)?.query, 500.5);
    // 991 to 1000, within a step of the profile.
    assert.ok(Math.abs((profile.slowest(0.01)?.query ?? 0) - 995.5) < 0.045 * 995.5);
    assert.equal(new PhaseProfile().slowest(1), null);
  });
});

describe("a tally", () => {
  it("bounds the number of reasons", () => {
    const tally = new Tally("GET /");
    for (let index = 0; index < 100; index++) tally.record({ result: "error", reason: `error ${index}` }, 1, undefined);
    const { errors, errorsBy } = tally.figures();
    assert.equal(errors, 100);
    assert.equal(Object.keys(errorsBy).length, 21);
    assert.equal(errorsBy.other, 80);
  });

  it("leaves refusals out of latency", () => {
    const tally = new Tally("GET /");
    tally.record({ result: "refused", reason: "queue_full" }, 1, undefined);
    assert.equal(tally.figures().latency, null);
    tally.record({ result: "timedOut", reason: "client timeout" }, 5000, undefined);
    assert.equal(tally.figures().latency?.maxMs, 5000);
  });
});

describe("Prometheus text", () => {
  const reading = (some: number, more: number, all: number) =>
    parseSamples(`# HELP d x
d_bucket{q="a \\"b\\", c",le="0.01"} ${some}
d_bucket{q="a \\"b\\", c",le="0.1"} ${more}
d_bucket{q="a \\"b\\", c",le="+Inf"} ${all}
d_bucket{q="ping",le="0.01"} 999
d_bucket{q="ping",le="0.1"} 999
d_bucket{q="ping",le="+Inf"} ${all * 1000}
loop 0.02
loop{of="two"} 0.5
`);

  it("returns percentiles of what was counted between two readings", () => {
    const [before, after] = [reading(100, 100, 100), reading(150, 200, 200)];
    const value = percentileBetween(before, after, "d", 0.75, ({ q }) => q !== "ping");
    assert.ok(value !== null && Math.abs(value - 0.055) < 1e-9, `${value}`);
    assert.equal(percentileBetween(before, before, "d", 0.5), null);
    assert.equal(percentileBetween(before, after, "other", 0.5), null);
    assert.equal(largest(after, "loop"), 0.5);
    assert.equal(largest(after, "other"), null);
  });
});

describe("the targets", () => {
  const met = (...args: Parameters<typeof judge>) => Object.fromEntries(judge(...args).map((one) => [one.id, one.met]));
  const none = { health: null, metrics: null };

  it("are met below their limits and missed at them", () => {
    const well = load({ sent: 1000, errorsBy: { internal: 1 } }, { queryP95Ms: 49.9 });
    assert.deepEqual(met(well, { health: health({ memoryPercentMax: 69.9 }), metrics: null }), {
      latency: true,
      timeouts: true,
      availability: true,
      memory: true,
      queries: true,
    });
    const late = { p50Ms: 5, p95Ms: 200, p99Ms: 300, maxMs: 400 };
    const ill = load({ latency: late, timedOutBy: { deadline_exceeded: 10 } }, { queryP95Ms: 50 });
    assert.deepEqual(met(ill, { health: health({ memoryPercentMax: 70 }), metrics: null }), {
      latency: false,
      timeouts: false,
      availability: false,
      memory: false,
      queries: false,
    });
  });

  it("need most endpoints to be fast, and count one without a good response as slow", () => {
    const [fast, dead] = [endpoint(), endpoint({ latency: null })];
    assert.equal(met(load({}, { endpoints: [fast, fast, dead] }), none).latency, true);
    assert.equal(met(load({}, { endpoints: [fast, dead] }), none).latency, false);
  });

  it("show the median endpoint's p95", () => {
    const of = (p95Ms: number) => endpoint({ latency: { p50Ms: 1, p95Ms, p99Ms: p95Ms, maxMs: p95Ms } });
    const figure = (...endpoints: ReturnType<typeof of>[]) => judge(load({}, { endpoints }), none)[0]?.measured;
    assert.equal(figure(of(10), of(900)), 900);
    assert.equal(figure(of(900), of(10), of(50)), 50);
    assert.equal(figure(of(10), endpoint({ latency: null })), null);
  });

  it("are unknown without figures, and take queries from the metrics when there are no phases", () => {
    const { memory, queries } = met(load(), none);
    assert.deepEqual([memory, queries], [null, null]);
    const metrics = { loopDelayP99MaxMs: null, queryP95Ms: 80 };
    assert.equal(met(load(), { health: null, metrics }).queries, false);
  });
});
