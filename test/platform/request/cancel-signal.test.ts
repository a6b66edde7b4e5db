import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { CancelSource } from "../../../src/platform/request/cancel-signal.ts";
import { RequestDeadline } from "../../../src/platform/request/deadline.ts";
import { Problem } from "../../../src/platform/request/problem.ts";

describe("CancelSource", () => {
  it("behaves like an AbortSignal", () => {
    const controller = new AbortController();
    const source = new CancelSource();
    const calls: { expected: string[]; actual: string[] } = { expected: [], actual: [] };
    for (const [signal, called] of [
      [controller.signal, calls.expected],
      [source, calls.actual],
    ] as const) {
      const never = () => called.push("removed before");
      const removed = () => called.push("removed meanwhile");
      signal.addEventListener("abort", never);
      signal.addEventListener("abort", () => {
        called.push(`first, aborted: ${signal.aborted}`);
        signal.removeEventListener("abort", removed);
      });
      signal.addEventListener("abort", removed);
      signal.addEventListener("abort", () => called.push("last"));
      signal.removeEventListener("abort", never);
      signal.removeEventListener("abort", () => {});
      signal.throwIfAborted();
      assert.deepEqual([signal.aborted, signal.reason], [false, undefined]);
    }
    const reason = new Problem("client_closed");
    for (const owner of [controller, source]) {
      owner.abort(reason);
      owner.abort(new Problem("deadline_exceeded"));
    }
    assert.deepEqual(calls.expected, ["first, aborted: true", "last"]);
    assert.deepEqual(calls.actual, calls.expected);
    for (const signal of [controller.signal, source]) {
      assert.deepEqual([signal.aborted, signal.reason], [true, reason]);
      assert.throws(() => signal.throwIfAborted(), reason);
      signal.addEventListener("abort", () => assert.fail("called a listener added after the abort"));
    }
    source.abort(reason);
  });
});

describe("RequestDeadline", () => {
  it("provides an AbortSignal that aborts with it", () => {
    const deadline = new RequestDeadline(undefined);
    const { signal } = deadline;
    assert.equal(deadline.signal, signal);
    const reason = new Problem("client_closed");
    deadline.abort(reason);
    assert.deepEqual([signal.aborted, signal.reason, deadline.stop.reason], [true, reason, reason]);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  it("provides an aborted AbortSignal after its end", () => {
    const deadline = new RequestDeadline(undefined);
    const reason = new Problem("deadline_exceeded");
    deadline.abort(reason);
    assert.deepEqual([deadline.signal.aborted, deadline.signal.reason], [true, reason]);
  });
});
