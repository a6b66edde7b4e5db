import assert from "node:assert/strict";
import { arrivals } from "../../../scripts/timeouts/load/arrivals.ts";
import type { LoadFigures, Plan } from "../../../scripts/timeouts/load/load-figures.ts";
import { Load } from "../../../scripts/timeouts/load/load-generator.ts";
import { problem, serve } from "./peers.ts";

/** Runs a plan against `url` in the worker, like the command. */
async function run(url: string, some: Partial<Plan> = {}, stop = new AbortController().signal): Promise<LoadFigures> {
  const load = new Load();
  const endpoints = [{ name: "GET /", method: "GET", path: "/" }];
  try {
    return await load.run(
      {
        origin: url,
        endpoints,
        headers: {},
        perSecond: 100,
        seconds: 2,
        timeoutMs: 5000,
        maxInFlight: 1000,
        seed: 1,
        ...some,
      },
      stop,
    );
  } finally {
    await load.close();
  }
}

function about(actual: number | undefined, expected: number, share: number): void {
  assert.ok(
    actual !== undefined && Math.abs(actual - expected) <= share * expected,
    `${actual} is not about ${expected}`,
  );
}

describe("arrivals", () => {
  it("have the requested number, in order and within the time, and repeat with the same seed", () => {
    const times = arrivals(50, 10, 7);
    assert.equal(times.length, 500);
    assert.deepEqual(times, arrivals(50, 10, 7));
    assert.notDeepEqual(times, arrivals(50, 10, 8));
    assert.ok(times.every((time, index) => time >= (times[index - 1] ?? 0) && time < 10_000));
  });

  it("are Poisson: the gaps vary as much as their mean", () => {
    const times = arrivals(100, 100, 3);
    const gaps = Array.from(times.subarray(1), (time, index) => time - (times[index] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    about(mean, 10, 0.05);
    about(deviation, 10, 0.05);
  });
});

describe("the load generator", () => {
  it("measures a known distribution within 2 %", async function () {
    // Other programs may take the CPUs for longer than that.
    this.retries(3);
    // Of every hundred in a row, 90 take 0.8 s, 8 take 1.5 s and 2 take 2 s: so p50, p95 and p99 are known.
    const peer = await serve((_request, response, count) => {
      const position = count % 100;
      setTimeout(() => response.end("."), position < 90 ? 800 : position < 98 ? 1500 : 2000);
    });
    const { total, endpoints } = await run(peer.url, { perSecond: 200, seconds: 1 });
    await peer.close();
    assert.deepEqual([total.sent, total.good], [200, 200]);
    assert.deepEqual({ ...endpoints[0], name: "all" }, total);
    about(total.latency?.p50Ms, 800, 0.02);
    about(total.latency?.p95Ms, 1500, 0.02);
    about(total.latency?.p99Ms, 2000, 0.02);
    about(total.latency?.maxMs, 2000, 0.05);
  });

  it("counts a one-second stall in full, for every request that was due in it", async function () {
    this.retries(3);
    const due = arrivals(100, 2, 1);
    const first = due.findIndex((time) => time >= 500);
    let until = 0;
    const peer = await serve((_request, response, count) => {
      if (count === first) until = performance.now() + 1000;
      setTimeout(() => response.end("."), Math.max(0, until - performance.now()));
    });
    const { total, timeline } = await run(peer.url);
    await peer.close();
    // Requests due in the stall wait for the rest of it: about half of all. A closed-loop generator would have sent one.
    const expected = due.map((time) => {
      const into = time - (due[first] ?? 0);
      return into >= 0 && into < 1000 ? 1000 - into : 0;
    });
    assert.ok(expected.filter((ms) => ms > 0).length > 80);
    const sorted = expected.toSorted();
    assert.equal(total.good, 200);
    // With every percentile right, the number of requests and their waits are right too.
    for (const [share, measured] of [
      [0.95, total.latency?.p95Ms],
      [0.99, total.latency?.p99Ms],
      [1, total.latency?.maxMs],
    ] as const) {
      about(measured, sorted[Math.ceil(share * 200) - 1] ?? 0, 0.03);
    }
    const slow = timeline.filter(({ latency }) => (latency?.maxMs ?? 0) > 100).map(({ atS }) => atS);
    assert.deepEqual(slow, [0.5, 1]);
    assert.equal(
      timeline.reduce((sum, moment) => sum + moment.sent, 0),
      200,
    );
  });

  it("counts latency from the due time even when the generator itself stalls", async () => {
    // The server runs on this process's event loop: while it is blocked, connections are not even accepted.
    let blocked = false;
    const peer = await serve((_request, response, count) => {
      if (count === 20 && !blocked) {
        blocked = true;
        for (const until = performance.now() + 1000; performance.now() < until; );
      }
      response.end(".");
    });
    const { total } = await run(peer.url);
    await peer.close();
    assert.equal(total.good, 200);
    about(total.latency?.maxMs, 1100, 0.2);
    assert.ok((total.latency?.p95Ms ?? 0) > 800, `p95 ${total.latency?.p95Ms}`);
  });

  it("counts good, refused, timed out and failed requests exactly, with their reasons", async () => {
    const peer = await serve((_request, response, count) => {
      const kinds = [
        () => response.end("good"),
        () => problem(response, 503, "queue_full"),
        () => problem(response, 503, "queue_timeout"),
        () => problem(response, 429, "rate_limited"),
        () => problem(response, 504, "query_timeout"),
        () => response.writeHead(503).end("plain"),
        () => undefined,
        () => problem(response, 500, "internal"),
        () => response.destroy(),
        () => response.writeHead(404).end(),
      ];
      kinds[count % kinds.length]?.();
    });
    const { total } = await run(peer.url, { timeoutMs: 300, perSecond: 200, seconds: 1 });
    await peer.close();
    const { sent, good, refused, timedOut, errors, refusedBy, timedOutBy, errorsBy } = total;
    assert.deepEqual(
      { sent, good, refused, timedOut, errors },
      { sent: 200, good: 20, refused: 60, timedOut: 60, errors: 60 },
    );
    assert.deepEqual(refusedBy, { queue_full: 20, rate_limited: 20, "status 503": 20 });
    assert.deepEqual(timedOutBy, { queue_timeout: 20, query_timeout: 20, "client timeout": 20 });
    assert.deepEqual(errorsBy, { internal: 20, ECONNRESET: 20, "status 404": 20 });
  });

  it("holds requests back at the in-flight limit, drops none and counts their wait", async () => {
    let running = 0;
    let most = 0;
    const peer = await serve((_request, response) => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        response.end(".");
      }, 100);
    });
    // Two at a time make 20 a second: the last of 40 gets its response after 2 s, and was due at the end of the first.
    const { total, generator } = await run(peer.url, { perSecond: 40, seconds: 1, maxInFlight: 2 });
    await peer.close();
    assert.equal(most, 2);
    assert.equal(generator.inFlightMax, 2);
    assert.deepEqual([total.sent, total.good], [40, 40]);
    assert.ok(generator.heldBack > 30, `${generator.heldBack} held back`);
    about(total.latency?.maxMs, 1000, 0.4);
    assert.ok((generator.late?.maxMs ?? 0) > 600);
  });

  it("stops at once on abort and returns what it has", async () => {
    const stop = new AbortController();
    const peer = await serve((_request, response, count) => {
      if (count === 50) stop.abort();
      if (count < 50) response.end(".");
    });
    const { total, seconds, generator } = await run(peer.url, { seconds: 60 }, stop.signal);
    await peer.close();
    assert.equal(total.good, total.sent);
    assert.ok(total.sent >= 45 && total.sent <= 50 && seconds < 5);
    assert.ok(generator.unfinished >= 1);
  });

  it("reads the service's phases and counts the rest of the time as outside", async () => {
    const peer = await serve((_request, response, count) => {
      const slow = count % 100 === 99;
      response.setHeader(
        "Server-Timing",
        slow ? "query;dur=80.5, own;dur=19.5, cdn;dur=900" : "query;dur=10, own;dur=5",
      );
      setTimeout(() => response.end("."), slow ? 200 : 20);
    });
    const { total, queryP95Ms } = await run(peer.url, { perSecond: 200, seconds: 1 });
    await peer.close();
    const { mean, slowest, timedOut } = total.phases;
    about(mean?.query, 10 * 0.99 + 80.5 * 0.01, 0.01);
    about(slowest?.query, 80.5, 0.001);
    about(slowest?.own, 19.5, 0.001);
    // The rest of the 200 ms, and any other delay.
    assert.ok(slowest !== null && slowest.outside > 90 && slowest.outside < 300, `outside ${slowest?.outside}`);
    assert.equal(timedOut, null);
    about(queryP95Ms ?? undefined, 10, 0.01);
  });
});
