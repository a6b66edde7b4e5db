import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { bounded } from "../../../src/platform/request/bounded.ts";
import { Problem } from "../../../src/platform/request/problem.ts";

const never = () => new Promise<never>(() => {});
const late = () => new Problem("pool_timeout");
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
const typeOf = (error: unknown) => (error instanceof Problem ? error.type : error);

describe("bounded", () => {
  let ending: AbortController;

  beforeEach(() => {
    ending = new AbortController();
  });

  /** The outcome, once it has been seen that nothing is left behind. The test's own timer starts a turn late, hence the wait. */
  async function outcome(work: () => Promise<unknown>, limitMs = 60_000): Promise<unknown> {
    await setImmediate();
    const timersBefore = timers();
    const result = await bounded(work(), { limitMs, late, signal: ending.signal }).catch(typeOf);
    assert.equal(timers(), timersBefore, "a timer is left");
    assert.deepEqual(getEventListeners(ending.signal, "abort"), [], "a listener is left");
    return result;
  }

  it("gives the result of what ends in time", async () => {
    assert.equal(await outcome(async () => "row"), "row");
  });

  it("rejects as the work does", async () => {
    const error = new Error("the server has gone");
    assert.equal(await outcome(() => Promise.reject(error)), error);
  });

  it("rejects with the caller's problem when the limit has passed", async () => {
    assert.equal(await outcome(never, 20), "pool_timeout");
  });

  it("rejects with the signal's reason as soon as it aborts", async () => {
    const abortSoon = () => {
      queueMicrotask(() => ending.abort(new Problem("client_closed")));
      return never();
    };
    assert.equal(await outcome(abortSoon), "client_closed");
  });

  it("does not wait for a signal that has aborted before", async () => {
    ending.abort(new Problem("client_closed"));
    assert.equal(await outcome(never), "client_closed");
  });

  it("works without a signal", async () => {
    assert.equal(await bounded(Promise.resolve(1), { limitMs: 60_000, late, signal: undefined }), 1);
    assert.equal(await bounded(never(), { limitMs: 5, late, signal: undefined }).catch(typeOf), "pool_timeout");
  });

  it("takes care of the failure of work that nobody waits for any more", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const { promise: work, reject } = Promise.withResolvers<never>();
    assert.equal(await outcome(() => work, 5), "pool_timeout");
    reject(new Error("too late"));
    await setImmediate();
    await setImmediate();
    process.off("unhandledRejection", listen);
    assert.deepEqual(unhandled, []);
  });
});
