import assert from "node:assert/strict";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { RequestDeadline } from "../../../src/platform/request/deadline.ts";
import { Problem } from "../../../src/platform/request/problem.ts";

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
const reasonOf = ({ signal: { reason } }: RequestDeadline) => (reason instanceof Problem ? reason.type : reason);

describe("RequestDeadline", () => {
  it("aborts with deadline_exceeded when its time is up, and not before", async () => {
    const startedAt = performance.now();
    const deadline = new RequestDeadline(50);
    assert.ok(!deadline.signal.aborted && deadline.remainingMs() > 0 && deadline.remainingMs() <= 50);
    await once(deadline.signal, "abort");
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs >= 48 && tookMs < 5000, `${tookMs} ms`);
    assert.equal(reasonOf(deadline), "deadline_exceeded");
  });

  it("has 0 ms left once its time is up, never less", async () => {
    const deadline = new RequestDeadline(1);
    await once(deadline.signal, "abort");
    const other = new RequestDeadline(5);
    await once(other.signal, "abort");
    assert.equal(deadline.remainingMs(), 0);
  });

  it("keeps the first reason it was aborted with", () => {
    const deadline = new RequestDeadline(60_000);
    deadline.abort(new Problem("client_closed"));
    deadline.abort(new Problem("deadline_exceeded"));
    assert.equal(reasonOf(deadline), "client_closed");
    deadline.done();
  });

  it("clears its timer when the request is done, even if told twice", async () => {
    await setImmediate();
    const before = timers();
    const deadline = new RequestDeadline(20);
    assert.equal(timers(), before + 1);
    deadline.done();
    deadline.done();
    assert.equal(timers(), before);
    const later = new RequestDeadline(40);
    await once(later.signal, "abort");
    assert.equal(deadline.signal.aborted, false);
  });

  it("never passes without a limit and needs no timer, but can be aborted", () => {
    const before = timers();
    const deadline = new RequestDeadline(undefined);
    assert.equal(deadline.remainingMs(), Number.POSITIVE_INFINITY);
    assert.equal(timers(), before);
    deadline.abort(new Problem("client_closed"));
    assert.equal(reasonOf(deadline), "client_closed");
  });
});
