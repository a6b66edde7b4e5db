import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { StopSource } from "../../../src/platform/request/cancel-signal.ts";
import { RequestDeadline } from "../../../src/platform/request/deadline.ts";
import { Problem } from "../../../src/platform/request/problem.ts";

describe("StopSource", () => {
  it("does what an AbortSignal does, step by step", () => {
    const controller = new AbortController();
    const source = new StopSource();
    const heard: { real: string[]; own: string[] } = { real: [], own: [] };
    for (const [signal, calls] of [
      [controller.signal, heard.real],
      [source, heard.own],
    ] as const) {
      const never = () => calls.push("removed before");
      const removed = () => calls.push("removed meanwhile");
      signal.addEventListener("abort", never);
      signal.addEventListener("abort", () => {
        calls.push(`first, aborted: ${signal.aborted}`);
        signal.removeEventListener("abort", removed);
      });
      signal.addEventListener("abort", removed);
      signal.addEventListener("abort", () => calls.push("last"));
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
    assert.deepEqual(heard.real, ["first, aborted: true", "last"]);
    assert.deepEqual(heard.own, heard.real);
    for (const signal of [controller.signal, source]) {
      assert.deepEqual([signal.aborted, signal.reason], [true, reason]);
      assert.throws(() => signal.throwIfAborted(), reason);
      signal.addEventListener("abort", () => assert.fail("called although it was too late"));
    }
    source.abort(reason);
  });
});

describe("RequestDeadline", () => {
  it("has a real signal for those who need one, which ends with it", () => {
    const deadline = new RequestDeadline(undefined);
    const { signal } = deadline;
    assert.equal(deadline.signal, signal);
    const reason = new Problem("client_closed");
    deadline.abort(reason);
    assert.deepEqual([signal.aborted, signal.reason, deadline.stop.reason], [true, reason, reason]);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  it("has an aborted one when it is asked for it late", () => {
    const deadline = new RequestDeadline(undefined);
    const reason = new Problem("deadline_exceeded");
    deadline.abort(reason);
    assert.deepEqual([deadline.signal.aborted, deadline.signal.reason], [true, reason]);
  });
});
