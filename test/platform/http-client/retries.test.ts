import assert from "node:assert/strict";
import fc from "fast-check";
import type { HttpResponse } from "../../../src/platform/http-client/exchange.ts";
import { mayRetry, type RetryOutcome, withRetries } from "../../../src/platform/http-client/retries.ts";
import { RetryBudget } from "../../../src/platform/http-client/retry-budget.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { clientWith, dependency, ok } from "./dependency.ts";

const failed = (error: unknown) => error instanceof Problem && error.type === "dependency_failed";
const status = (code: number, headers = "") => `HTTP/1.1 ${code} Status\r\n${headers}content-length: 0\r\n\r\n`;

/** Answers each request with the next of `answers`, then keeps repeating the last. `undefined` resets the connection. */
async function sequence(...answers: (string | undefined)[]) {
  let requests = 0;
  const target = await dependency((socket) => {
    const answer = answers[Math.min(requests++, answers.length - 1)];
    if (answer === undefined) socket.resetAndDestroy();
    else socket.write(answer);
  });
  return { ...target, requests: () => requests };
}

describe("retries", () => {
  const client = clientWith({ timeoutMs: 1000 });
  after(() => client.close());

  it("follow transient failures of idempotent requests", async () => {
    for (const failure of [undefined, status(502), status(503), status(504)]) {
      const target = await sequence(failure, status(200));
      assert.equal((await client.request(target.url)).status, 200);
      assert.equal(target.requests(), 2);
      await target.stop();
    }
  });

  it("do not repeat requests that may do harm twice, unless the caller says they are idempotent", async () => {
    for (const failure of [undefined, status(503)]) {
      const post = await sequence(failure, status(200));
      const called = client.request(post.url, { method: "POST", body: "pay" });
      if (failure === undefined) await assert.rejects(called, failed);
      else assert.equal((await called).status, 503);
      assert.equal(post.requests(), 1);
      await post.stop();
      const idempotent = await sequence(failure, status(200));
      const again = await client.request(idempotent.url, { method: "POST", body: "pay", idempotent: true });
      assert.equal(again.status, 200);
      assert.match(idempotent.received.at(-1) ?? "", /pay$/);
      await idempotent.stop();
    }
    assert.deepEqual(
      ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"].filter((method) => mayRetry({ method })),
      ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"],
    );
    assert.equal(mayRetry({ method: "GET", idempotent: false }), false);
  });

  it("do not follow permanent failures", async () => {
    for (const answer of [status(200), status(404), status(500), "nonsense\r\n\r\n"]) {
      const target = await sequence(answer);
      await client.request(target.url).catch(() => {});
      assert.equal(target.requests(), 1, answer);
      await target.stop();
    }
  });

  it("end after two and return the last response", async () => {
    const target = await sequence(
      ...Array.from({ length: 20 }, () => status(200)),
      status(503),
      status(503),
      status(504),
    );
    // These calls earn the budget for the retries.
    for (let call = 0; call < 20; call++) await client.request(target.url);
    assert.equal((await client.request(target.url)).status, 504);
    assert.equal(target.requests(), 23);
    await target.stop();
  });

  it("stay at a tenth of the calls when everything fails", async () => {
    const target = await sequence(status(503));
    const startedAt = performance.now();
    for (let call = 0; call < 100; call++) assert.equal((await client.request(target.url)).status, 503);
    // One retry a second is allowed besides.
    const seconds = Math.ceil((performance.now() - startedAt) / 1000);
    assert.ok(
      target.requests() >= 105 && target.requests() <= 115 + seconds,
      `${target.requests()} requests for 100 calls`,
    );
    await target.stop();
  });

  it("wait as long as Retry-After says if the time left allows it", async () => {
    const patient = clientWith({ timeoutMs: 10_000 });
    const fits = await sequence(status(503, "retry-after: 1\r\n"), status(200));
    const startedAt = performance.now();
    assert.equal((await patient.request(fits.url)).status, 200);
    assert.ok(performance.now() - startedAt >= 995);
    const longer = await sequence(status(503, "retry-after: 60\r\n"), status(200));
    assert.equal((await patient.request(longer.url)).status, 503);
    assert.equal(longer.requests(), 1);
    await patient.close();
    await fits.stop();
    await longer.stop();
  });

  it("hide that a dependency closes its idle connections", async () => {
    const target = await dependency((socket) => {
      ok(socket);
      setImmediate(() => socket.destroy());
    });
    for (let call = 0; call < 50; call++) assert.equal((await client.request(target.url)).status, 200);
    await target.stop();
  });
});

describe("the pause before a retry", () => {
  const bad: HttpResponse = { status: 503, headers: {}, body: Buffer.alloc(0) };

  async function attempts(random: () => number, endsAt: number, budget = new RetryBudget({ perSecond: 10 })) {
    const times: number[] = [];
    const outcomes: RetryOutcome[] = [];
    const attempt = async () => {
      times.push(performance.now());
      return bad;
    };
    const signal = new AbortController().signal;
    const report = (outcome: RetryOutcome) => outcomes.push(outcome);
    const answer = await withRetries(attempt, { budget, signal, endsAt, report, random });
    assert.equal(answer, bad);
    return { pauses: times.slice(1).map((time, index) => time - (times[index] ?? 0)), outcomes };
  }

  it("is random up to a bound that doubles, for two retries", async () => {
    const late = performance.now() + 60_000;
    const longest = await attempts(() => 0.999, late);
    assert.deepEqual(longest.outcomes, ["sent", "sent"]);
    for (const [index, boundMs] of [50, 100].entries()) {
      const pause = longest.pauses[index] ?? 0;
      assert.ok(pause >= boundMs - 3 && pause < boundMs + 5000, `${pause} ms`);
    }
    // The best of five, because a busy machine only adds to it.
    const pauses: number[] = [];
    for (let time = 0; time < 5; time++) pauses.push(Math.max(...(await attempts(() => 0, late)).pauses));
    assert.ok(Math.min(...pauses) < 45, `${pauses}`);
  });

  it("is skipped when it would not end in time, or the budget is empty", async () => {
    assert.deepEqual((await attempts(() => 0.9, performance.now() + 20)).outcomes, ["no_time"]);
    const empty = new RetryBudget({ perSecond: 0 });
    assert.deepEqual((await attempts(() => 0, performance.now() + 1000, empty)).outcomes, ["no_budget"]);
  });

  it("ends when its signal aborts", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 40 }), async (afterMs) => {
        const controller = new AbortController();
        const timer = setTimeout(() => controller.abort(new Problem("outbound_timeout")), afterMs);
        let calls = 0;
        const attempt = async () => {
          calls += 1;
          return { ...bad, headers: { "retry-after": "5" } };
        };
        const options = { budget: new RetryBudget(), signal: controller.signal, endsAt: Number.POSITIVE_INFINITY };
        await assert.rejects(withRetries(attempt, { ...options, report: () => {} }), { type: "outbound_timeout" });
        assert.equal(calls, 1);
        clearTimeout(timer);
      }),
      { numRuns: 10 },
    );
  });
});
