import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { context, createContextKey, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { RequestDeadline } from "../../../src/platform/request/deadline.ts";
import { LoopStalls } from "../../../src/platform/request/loop-stalls.ts";
import { PhaseClock } from "../../../src/platform/request/phases.ts";
import {
  currentDeadline,
  currentPhases,
  inRequest,
  outsideRequest,
  withoutDeadline,
} from "../../../src/platform/request/scope.ts";
import { followRequests } from "../../../src/platform/telemetry/follow-requests.ts";

describe("request scope", () => {
  const deadline = new RequestDeadline(undefined);
  const stalls = new LoopStalls();
  const phases = new PhaseClock(stalls);
  const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });
  const now = () => [currentDeadline(), currentPhases(), trace.getActiveSpan()];

  before(followRequests);
  after(() => stalls.stop());

  it("follows the request's asynchronous work together with its span", async () => {
    await inRequest({ deadline, phases }, trace.setSpan(ROOT_CONTEXT, span), async () => {
      await setImmediate();
      assert.deepEqual(now(), [deadline, phases, span]);
    });
    assert.deepEqual(now(), [undefined, undefined, undefined]);
  });

  it("survives setting and deleting spans and other values", () => {
    const key = createContextKey("custom");
    const child = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "3".repeat(16), traceFlags: 1 });
    inRequest({ deadline, phases }, trace.setSpan(ROOT_CONTEXT, span), () => {
      context.with(trace.setSpan(context.active().setValue(key, 7), child), () => {
        assert.deepEqual([...now(), context.active().getValue(key)], [deadline, phases, child, 7]);
        context.with(trace.deleteSpan(context.active()), () => assert.deepEqual(now(), [deadline, phases, undefined]));
      });
      assert.deepEqual(now(), [deadline, phases, span]);
    });
  });

  it("keeps one value per key, however often they are set in turn", () => {
    const [one, other, absent] = ["one", "other", "absent"].map(createContextKey) as [symbol, symbol, symbol];
    inRequest({ deadline, phases }, trace.setSpan(ROOT_CONTEXT, span), () => {
      const first = context.active().setValue(one, 0);
      let last = first;
      for (let step = 1; step <= 100_000; step += 1) last = last.setValue(step % 2 === 0 ? one : other, step);
      assert.deepEqual(
        [one, other, absent].map((key) => last.getValue(key)),
        [100_000, 99_999, undefined],
      );
      assert.deepEqual(
        [one, other].map((key) => first.getValue(key)),
        [0, undefined],
      );
      context.with(last, () => assert.deepEqual(now(), [deadline, phases, span]));
    });
  });

  it("can be left entirely, or without its deadline only", () => {
    inRequest({ deadline, phases }, trace.setSpan(ROOT_CONTEXT, span), () => {
      withoutDeadline(() => assert.deepEqual(now(), [undefined, phases, span]));
      outsideRequest(() => assert.deepEqual(now(), [undefined, undefined, undefined]));
    });
  });

  it("keeps an existing context manager", () => {
    const key = createContextKey("marker");
    context.with(ROOT_CONTEXT.setValue(key, 1), () => {
      followRequests();
      assert.equal(context.active().getValue(key), 1);
    });
  });
});
