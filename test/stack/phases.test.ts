// Provokes each cause of slowness in the running stack: the traces in Jaeger have it as their largest phase.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./eventually.ts";
import { findTrace, type Span } from "./jaeger.ts";
import { createAutomation, type Sent, send } from "./service.ts";

/** How long a trace may take to be complete in Jaeger. */
const withinS = 30;
const phases = ["loop", "outbound", "query", "pool", "queue", "auth", "receive", "own"];
const route = "/api/automations/marketplace";

describe("stack: the phases of slow requests", () => {
  afterEach(() => send({ method: "DELETE", route: "/faults" }));

  const provoke = (name: string, amount: number) =>
    send({ method: "PUT", route: "/faults/{name}", path: `/faults/${name}`, body: { amount, seconds: 20 } });

  it("are query while the table is locked", async () => {
    await provoke("lock", 900);
    const sent = await everyMs(400, 8, () => send({ route, path: `${route}?search=locked` }));
    await assertLargest("query", await serverSpans(sent), { overS: 0.3, status: 200 });
  });

  it("are pool while the pool is exhausted", async () => {
    await provoke("pool", 15);
    await sleep(500);
    const sent = await everyMs(50, 20, () => send({ route, path: `${route}?search=exhausted` }));
    const spans = await serverSpans(sent);
    await assertLargest("pool", spans, { overS: 0.3, status: 504 });
    const refused = spans.find((span) => span.tags.get("error.type") === "pool_timeout");
    assert.ok(refused, "the limit that ended it is named");
    for (const name of [
      "admission.running",
      "admission.queued",
      "db.client.connection.used",
      "nodejs.eventloop.delay",
    ]) {
      assert.ok(refused.tags.has(name), name);
    }
    assert.equal(refused.tags.get("db.client.connection.used"), 15);
  });

  it("are outbound while the webhook is slow or hangs", async () => {
    for (const hook of ["slow", "hanging"]) {
      const id = await createAutomation(hook);
      const run = { method: "POST", route: "/api/automations/{id}/runs", path: `/api/automations/${id}/runs` };
      const status = hook === "slow" ? 201 : 504;
      // The service may still suffer from the previous tests for a moment.
      const sent = await eventually(withinS, async () => {
        const sent = await send(run);
        assert.equal(sent.status, status, JSON.stringify(sent.body));
        return sent;
      });
      await assertLargest("outbound", await serverSpans([sent]), { overS: 1, status });
    }
  });

  it("are auth while checking tokens is slow", async () => {
    await provoke("auth", 400);
    const sent = await everyMs(50, 5, () =>
      send({ route: "/api/automations/{id}", path: "/api/automations/1", bearer: true }),
    );
    await assertLargest("auth", await serverSpans(sent), { overS: 0.3, status: 200 });
  });

  it("are loop for requests that ran while it was blocked", async () => {
    await provoke("loop", 700);
    // Not low-priority requests, which are shed then.
    const id = await createAutomation("fast");
    const run = { method: "POST", route: "/api/automations/{id}/runs", path: `/api/automations/${id}/runs` };
    const sent = await everyMs(15, 500, () => send(run));
    await assertLargest("loop", await serverSpans(sent), { overS: 0.5, status: 201 });
  });

  it("are queue when more arrive than can be served", async () => {
    await provoke("lock", 900);
    const sent = await everyMs(2, 150, () => send({ route: "/api/automations/{id}", path: "/api/automations/1" }));
    await assertLargest("queue", await serverSpans(sent), { overS: 0.2, status: 503 });
  });
});

/** Sends `count` requests at a fixed interval in milliseconds, without waiting for responses. */
async function everyMs(ms: number, count: number, request: () => Promise<Sent>): Promise<Sent[]> {
  const sent: Promise<Sent>[] = [];
  for (let number = 0; number < count; number++) {
    sent.push(request());
    await sleep(ms);
  }
  return Promise.all(sent);
}

async function serverSpans(sent: readonly Sent[]): Promise<Span[]> {
  const spans: Span[] = [];
  for (const { traceId, callerId } of sent) {
    spans.push(
      await eventually(withinS, async () => {
        const server = (await findTrace(traceId)).find((span) => span.parentId === callerId);
        assert.ok(server, `no trace ${traceId}`);
        return server;
      }),
    );
  }
  return spans;
}

interface Slow {
  overS: number;
  status: number;
}

/** The slow traces with this status. The phases of each add up to its duration. */
async function assertLargest(phase: string, spans: readonly Span[], { overS, status }: Slow): Promise<void> {
  for (const span of spans) {
    const sum = phases.reduce((total, name) => total + secondsOf(span, name), 0);
    // The span starts a little before and ends a little after the measured time.
    assert.ok(
      Math.abs(sum - span.duration) < 0.02 + 0.02 * span.duration,
      `${sum} s of ${span.duration} s: ${JSON.stringify(Object.fromEntries(span.tags))}`,
    );
  }
  const slow = spans.filter((span) => span.duration > overS && span.tags.get("http.response.status_code") === status);
  const seen = spans.map(({ duration, tags }) => `${duration} s, ${tags.get("error.type") ?? "no error"}`);
  assert.ok(slow.length > 0, `none was slow: ${seen.join("; ")}`);
  for (const span of slow) {
    const largest = phases.toSorted((a, b) => secondsOf(span, b) - secondsOf(span, a))[0];
    assert.equal(largest, phase, JSON.stringify(Object.fromEntries(span.tags)));
  }
}

function secondsOf(span: Span, phase: string): number {
  return Number(span.tags.get(`request.phase.${phase}`));
}
