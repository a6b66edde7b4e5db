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

  /** Returns the outcome after checking for leaks. Waits first, because Mocha starts its own timer one iteration late. */
  async function outcome(work: () => Promise<unknown>, limitMs = 60_000): Promise<unknown> {
    await setImmediate();
    const timersBefore = timers();
    const result = await bounded(work(), { limitMs, late, signal: ending.signal }).catch(typeOf);
    assert.equal(timers(), timersBefore, "leaks a timer");
    assert.deepEqual(getEventListeners(ending.signal, "abort"), [], "leaks a listener");
    return result;
  }

  it("returns the result of work that ends in time", async () => {
    assert.equal(await outcome(async () => "row"), "row");
  });

  it("rejects with the error of the work", async () => {
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

  it("rejects at once when the signal has already aborted", async () => {
    ending.abort(new Problem("client_closed"));
    assert.equal(await outcome(never), "client_closed");
  });

  it("works without a signal", async () => {
    assert.equal(await bounded(Promise.resolve(1), { limitMs: 60_000, late, signal: undefined }), 1);
    assert.equal(await bounded(never(), { limitMs: 5, late, signal: undefined }).catch(typeOf), "pool_timeout");
  });

  it("handles the failure of work that ends after the limit", async () => {
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
