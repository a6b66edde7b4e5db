import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { metrics } from "@opentelemetry/api";
import * as sdk from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import Koa from "koa";
import type { Middleware, RequestState } from "../../../src/platform/http/types.ts";
import { addressRanges } from "../../../src/platform/ip-address.ts";
import { BoundedWindows } from "../../../src/platform/rate-limit/bounded-windows.ts";
import { limitByAddress, limitBySubject, type RateLimitOptions } from "../../../src/platform/rate-limit/rate-limit.ts";
import { memoryStore, type RateLimitStore } from "../../../src/platform/rate-limit/store.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { usedHeap } from "../../support/heap.ts";

/** Freezes the clocks that the limiter and koa-ratelimit read; `advance` moves them. */
function stopClocks() {
  const realNow = Date.now;
  const realHrtime = process.hrtime;
  let passedMs = 0;
  const startMs = realNow();
  const started = realHrtime();
  const hrtime = (since?: [number, number]): [number, number] => {
    const ns = BigInt(started[0]) * 1_000_000_000n + BigInt(started[1]) + BigInt(passedMs) * 1_000_000n;
    const from = since === undefined ? 0n : BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]);
    return [Number((ns - from) / 1_000_000_000n), Number((ns - from) % 1_000_000_000n)];
  };
  Date.now = () => startMs + passedMs;
  process.hrtime = Object.assign(hrtime, { bigint: realHrtime.bigint });
  return {
    advance(ms: number) {
      passedMs += ms;
    },
    restore() {
      Date.now = realNow;
      process.hrtime = realHrtime;
    },
  };
}

const app = new Koa<RequestState>();

/** Runs one request from `address` through `middleware`, as the application would. */
async function request(middleware: Middleware, address: string, subject?: string) {
  const incoming = new IncomingMessage(new Socket());
  incoming.headers["x-forwarded-for"] = address;
  const ctx = app.createContext<RequestState>(incoming, new ServerResponse(incoming));
  if (subject !== undefined) ctx.state.subject = subject;
  let allowed = false;
  let problem: Problem | undefined;
  try {
    await middleware(ctx, async () => {
      allowed = true;
    });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    problem = error;
  }
  return { allowed, problem, header: (name: string) => String(ctx.response.get(name)) };
}

function options(changes: Partial<RateLimitOptions> = {}): RateLimitOptions {
  return { max: 3, windowS: 60, store: memoryStore(), trustedProxies: 1, exempt: () => false, ...changes };
}

describe("rate limit", () => {
  let clocks: ReturnType<typeof stopClocks>;
  beforeEach(() => {
    clocks = stopClocks();
  });
  afterEach(() => clocks.restore());

  it("allows max requests per minute and address, and refuses the rest until the minute is over", async () => {
    const limit = limitByAddress(options());
    for (let at = 0; at < 3; at += 1) assert.equal((await request(limit, "192.0.2.1")).allowed, true);
    clocks.advance(59_000);
    const { allowed, problem } = await request(limit, "192.0.2.1");
    assert.equal(allowed, false);
    assert.equal(problem?.type, "rate_limited");
    assert.equal(problem?.status, 429);
    assert.equal((await request(limit, "192.0.2.2")).allowed, true);
    clocks.advance(1001);
    assert.equal((await request(limit, "192.0.2.1")).allowed, true);
  });

  it("sets Retry-After to the end of the window, at least one second", async () => {
    const limit = limitByAddress(options({ max: 1 }));
    await request(limit, "192.0.2.1");
    for (const [passMs, retryAfterS] of [
      [500, 60],
      [29_000, 31],
      [29_800, 1],
      [600, 1],
    ] as const) {
      clocks.advance(passMs);
      const { problem } = await request(limit, "192.0.2.1");
      assert.equal(problem?.options.retryAfterS, retryAfterS, `after another ${passMs} ms`);
    }
  });

  it("sets Retry-After to one second when the wall clock has jumped past the window", async () => {
    const limit = limitByAddress(options({ max: 1 }));
    await request(limit, "192.0.2.1");
    const stopped = Date.now;
    Date.now = () => stopped() + 90_000;
    assert.equal((await request(limit, "192.0.2.1")).problem?.options.retryAfterS, 1);
  });

  it("reports the limits in both the standard's and the library's headers", async () => {
    const byAddress = limitByAddress(options());
    const bySubject = limitBySubject(options({ max: 10 }));
    const both: Middleware = (ctx, next) => byAddress(ctx, () => bySubject(ctx, next));
    await request(both, "192.0.2.1", "alice");
    clocks.advance(9500);
    const { header } = await request(both, "192.0.2.1", "alice");
    assert.equal(header("RateLimit-Policy"), '"address";q=3;w=60, "subject";q=10;w=60');
    assert.equal(header("RateLimit"), '"address";r=1;t=51, "subject";r=8;t=51');
    assert.equal(header("X-RateLimit-Limit"), "10");
    assert.equal(header("X-RateLimit-Remaining"), "8");
    assert.match(header("X-RateLimit-Reset"), /^\d{10}$/);
    const alone = await request(byAddress, "192.0.2.1");
    assert.equal(alone.header("RateLimit"), '"address";r=0;t=51');
    assert.equal((await request(byAddress, "192.0.2.1")).header("RateLimit"), '"address";r=0;t=51');
  });

  it("counts a subject across addresses, and ignores anonymous requests", async () => {
    const limit = limitBySubject(options());
    for (let at = 0; at < 3; at += 1) assert.equal((await request(limit, `192.0.2.${at}`, "alice")).allowed, true);
    assert.equal((await request(limit, "192.0.2.9", "alice")).problem?.type, "rate_limited");
    assert.equal((await request(limit, "192.0.2.9", "bob")).allowed, true);
    for (let at = 0; at < 9; at += 1) assert.equal((await request(limit, "192.0.2.9")).allowed, true);
  });

  it("counts an IPv6 /64 network as one client, and an IPv4-mapped address as its IPv4 address", async () => {
    const limit = limitByAddress(options({ max: 1 }));
    assert.equal((await request(limit, "2001:db8::1")).allowed, true);
    assert.equal((await request(limit, "2001:db8::ffff:1")).allowed, false);
    assert.equal((await request(limit, "2001:db8:0:1::1")).allowed, true);
    assert.equal((await request(limit, "192.0.2.1")).allowed, true);
    assert.equal((await request(limit, "::ffff:192.0.2.1")).allowed, false);
  });

  it("does not limit exempt addresses, neither by address nor by subject", async () => {
    const exempt = addressRanges(["192.0.2.0/24"]);
    for (const limit of [limitByAddress(options({ exempt })), limitBySubject(options({ exempt }))]) {
      for (let at = 0; at < 9; at += 1) assert.equal((await request(limit, "192.0.2.1", "alice")).allowed, true);
    }
  });

  it("ignores X-Forwarded-For when no proxy is trusted", async () => {
    const limit = limitByAddress(options({ trustedProxies: 0, max: 1, exempt: addressRanges(["127.0.0.1"]) }));
    await request(limit, "192.0.2.1");
    for (const forged of ["192.0.2.2", "127.0.0.1"]) assert.equal((await request(limit, forged)).allowed, false);
  });

  it("passes on errors of later middleware, and does not count them as store failures", async () => {
    let failures = 0;
    const store: RateLimitStore = { ...memoryStore(), failed: () => (failures += 1) };
    const limit = limitByAddress(options({ store }));
    const incoming = new IncomingMessage(new Socket());
    const ctx = app.createContext<RequestState>(incoming, new ServerResponse(incoming));
    await assert.rejects(async () => limit(ctx, () => Promise.reject(new Error("a bug"))), /a bug/);
    assert.equal(failures, 0);
  });

  it("matches a plain count of fixed windows for any traffic", async () => {
    const traffic = fc.array(fc.tuple(fc.nat(3), fc.nat(25_000)), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(traffic, fc.integer({ min: 1, max: 5 }), async (steps, max) => {
        const limit = limitByAddress(options({ max }));
        const windows = new Map<number, { endsAt: number; count: number }>();
        let now = 0;
        for (const [client, passMs] of steps) {
          clocks.advance(passMs);
          now += passMs;
          const current = windows.get(client);
          // Avoids the exact boundary, which depends on the library's rounding.
          if (current?.endsAt === now) {
            clocks.advance(1);
            now += 1;
          }
          const window = current === undefined || current.endsAt < now ? { endsAt: now + 60_000, count: 0 } : current;
          windows.set(client, window);
          window.count += 1;
          const { allowed, problem } = await request(limit, `192.0.2.${client}`);
          assert.equal(allowed, window.count <= max);
          if (problem) {
            const left = Math.ceil((window.endsAt - now) / 1000);
            assert.ok(Math.abs((problem.options.retryAfterS ?? 0) - Math.max(1, left)) <= 1);
          }
        }
      }),
    );
  });

  it("counts its decisions in a metric, starting at zero", async () => {
    metrics.disable();
    const exporter = new sdk.InMemoryMetricExporter(sdk.AggregationTemporality.CUMULATIVE);
    const reader = new sdk.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new sdk.MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(provider);
    const counts = async () => {
      await provider.forceFlush();
      const points = exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics[0]?.dataPoints ?? [];
      return Object.fromEntries(
        points.map(({ attributes, value }) => [`${attributes.by} ${attributes.decision}`, value]),
      );
    };
    const limit = limitByAddress(options({ exempt: addressRanges(["192.0.2.9"]) }));
    assert.deepEqual(await counts(), {
      "address allowed": 0,
      "address limited": 0,
      "address exempt": 0,
      "address store_error": 0,
    });
    for (let at = 0; at < 5; at += 1) await request(limit, "192.0.2.1");
    await request(limit, "192.0.2.9");
    assert.deepEqual(await counts(), {
      "address allowed": 3,
      "address limited": 2,
      "address exempt": 1,
      "address store_error": 0,
    });
    await provider.shutdown();
    metrics.disable();
  });

  it("uses bounded memory with 100,000 different addresses, and still limits a known client", async () => {
    const limit = limitByAddress(options({ store: memoryStore(5000) }));
    const flood = async (from: number, to: number) => {
      for (let at = from; at < to; at += 1) {
        await request(limit, `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
        if (at % 1000 === 0) assert.equal((await request(limit, "192.0.2.1")).allowed, at / 1000 < 3, String(at));
      }
    };
    await flood(0, 20_000);
    const before = usedHeap();
    await flood(20_000, 100_000);
    assert.ok(usedHeap() - before < 3_000_000, `${usedHeap() - before} bytes more`);
  });
});

describe("BoundedWindows", () => {
  const window = (id: string, reset: number) => ({ id, reset, remaining: 1, total: 1 });

  it("holds at most its capacity, and keeps a client until half as many others have come", () => {
    const traffic = fc.array(fc.tuple(fc.nat(15), fc.nat(40)), { maxLength: 200 });
    fc.assert(
      fc.property(traffic, fc.integer({ min: 2, max: 12 }), (steps, capacity) => {
        let nowS = 1000;
        const windows = new BoundedWindows(capacity, () => nowS);
        const seen: string[] = [];
        const endsAt = new Map<string, number>();
        for (const [client, passS] of steps) {
          nowS += passS;
          const id = String(client);
          const othersSince = new Set(seen.slice(seen.lastIndexOf(id) + 1)).size;
          const known = windows.get(id);
          if (seen.includes(id) && othersSince < capacity / 2 && (endsAt.get(id) ?? 0) > nowS) assert.ok(known, id);
          if (known === undefined || known.reset < nowS) {
            windows.set(id, window(id, nowS + 60));
            endsAt.set(id, nowS + 60);
          } else assert.equal(known.reset, endsAt.get(id));
          seen.push(id);
          assert.ok(windows.size <= capacity);
        }
      }),
    );
  });

  it("drops expired windows as new clients come, so that it shrinks after a flood", () => {
    let nowS = 1000;
    const windows = new BoundedWindows(10_000, () => nowS);
    for (let at = 0; at < 5000; at += 1) windows.set(`flood ${at}`, window("", nowS + 60));
    nowS += 120;
    for (let at = 0; at < 2501; at += 1) windows.set(`calm ${at % 10}`, window("", nowS + 60));
    assert.equal(windows.size, 10);
  });

  it("adds a client as fast with 50,000 clients as with 500", () => {
    const batch = 2000;
    const few = new BoundedWindows(500);
    const many = new BoundedWindows(50_000);
    let client = 0;
    const fill = (windows: BoundedWindows, clients: number) => {
      const startedAt = performance.now();
      for (const end = client + clients; client < end; client += 1) {
        const key = `ratelimit:address:${client}`;
        windows.get(key);
        windows.set(key, window(key, Date.now() / 1000 + 60));
      }
      return performance.now() - startedAt;
    };
    fill(few, 60_000);
    fill(many, 60_000);
    const ratios = Array.from({ length: 15 }, () => fill(many, batch) / fill(few, batch)).toSorted((a, b) => a - b);
    assert.ok(Number(ratios[7]) < 8, `${ratios.map((ratio) => ratio.toFixed(1))}`);
  });
});
