import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { type Priority, priorities } from "../../../src/platform/http/types.ts";
import { AdmissionQueue, type QueueOptions, type Slot } from "../../../src/platform/overload/admission-queue.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { QueueModel } from "./admission-queue-model.ts";

/** A queue with its own clock; waits are long unless a test says otherwise. */
function setUp(changes: Partial<QueueOptions> = {}) {
  let nowMs = 0;
  const options = { limit: 1, maxWaiting: 100, waitMs: 60_000, newestFirstAfterMs: 100, now: () => nowMs, ...changes };
  const queue = new AdmissionQueue(options);
  const admitted: string[] = [];
  const slots = new Map<string, Slot>();
  const refused = new Map<string, unknown>();
  return {
    queue,
    admitted,
    slots,
    refused,
    pass(ms: number) {
      nowMs += ms;
    },
    acquire(
      name: string,
      priority: Priority = "normal",
      signal = new AbortController().signal,
      outboundCaller?: string,
    ) {
      return queue.acquire(priority, signal, outboundCaller).then(
        (slot) => {
          admitted.push(name);
          slots.set(name, slot);
        },
        (reason: unknown) => {
          refused.set(name, reason);
        },
      );
    },
    async release(name: string) {
      slots.get(name)?.release();
      await setImmediate();
    },
  };
}

const none = { high: 0, normal: 0, low: 0 };

describe("AdmissionQueue", () => {
  it("admits up to its limit at once, and the next when a slot is released", async () => {
    const { queue, acquire, release, admitted } = setUp({ limit: 2 });
    for (const name of ["a", "b", "c"]) void acquire(name);
    await setImmediate();
    assert.deepEqual(admitted, ["a", "b"]);
    assert.deepEqual(queue.state(), { limit: 2, running: { ...none, normal: 2 }, queued: { ...none, normal: 1 } });
    await release("a");
    assert.deepEqual(admitted, ["a", "b", "c"]);
  });

  it("limits outbound requests to half of the slots, at least one, while others overtake them", async () => {
    for (const [limit, share] of [
      [10, 5],
      [3, 1],
      [1, 1],
    ] as const) {
      const { acquire, release, admitted, queue } = setUp({ limit });
      const { signal } = new AbortController();
      for (let index = 0; index < 8; index++) void acquire(`call ${index}`, "high", signal, `caller ${index % 3}`);
      await setImmediate();
      assert.equal(admitted.length, share);
      for (let index = share; index < limit; index++) await acquire(`other ${index}`);
      assert.equal(admitted.length, limit, "the others take the free slots");
      void acquire("waits");
      await release(admitted.at(-1) ?? "");
      assert.equal(admitted.at(-1), limit === 1 ? "call 1" : "waits", "though outbound requests came first");
      await release("call 0");
      assert.ok(admitted.includes(`call ${share}`), "the share is free again");
      assert.equal(queue.total("running"), limit);
    }
  });

  it("limits one caller to half of the outbound share, while other callers overtake it", async () => {
    const { acquire, release, admitted } = setUp({ limit: 10 });
    const { signal } = new AbortController();
    for (let index = 0; index < 5; index++) void acquire(`one ${index}`, "high", signal, "one");
    for (let index = 0; index < 5; index++) void acquire(`two ${index}`, "high", signal, "two");
    await setImmediate();
    assert.deepEqual(admitted, ["one 0", "one 1", "one 2", "two 0", "two 1"]);
    await release("two 0");
    assert.equal(admitted.at(-1), "two 2", "though the others came first");
    await release("one 0");
    assert.equal(admitted.at(-1), "one 3");
  });

  it("times out a wait for the outbound share even with free slots", async () => {
    const { acquire, refused, queue } = setUp({ limit: 4, waitMs: 30 });
    const { signal } = new AbortController();
    for (const name of ["a", "b", "late"]) await acquire(name, "normal", signal, `caller ${name}`);
    assert.equal(Reflect.get(Object(refused.get("late")), "type"), "queue_timeout");
    assert.deepEqual(queue.state(), { limit: 4, running: { ...none, normal: 2 }, queued: none });
  });

  it("releases a slot once, even when release() is called twice", async () => {
    const { queue, acquire, release, admitted } = setUp();
    for (const name of ["a", "b", "c"]) void acquire(name);
    await setImmediate();
    await release("a");
    await release("a");
    assert.deepEqual(admitted, ["a", "b"]);
    assert.equal(queue.state().running.normal, 1);
  });

  it("admits the oldest while calm, and the newest once the oldest has waited too long", async () => {
    const { acquire, release, admitted, pass } = setUp();
    for (const name of ["a", "b", "c", "d", "e"]) void acquire(name);
    await setImmediate();
    pass(100);
    await release("a");
    assert.deepEqual(admitted, ["a", "b"]);
    pass(1);
    await release("b");
    await release("e");
    assert.deepEqual(admitted, ["a", "b", "e", "d"]);
  });

  it("admits higher classes first, but the lowest every sixteenth time", async () => {
    const { acquire, release, admitted } = setUp();
    await acquire("first");
    for (let index = 0; index < 40; index++) void acquire(`high ${index}`, "high");
    for (let index = 0; index < 40; index++) void acquire(`low ${index}`, "low");
    for (let round = 0; round < 32; round++) await release(admitted.at(-1) ?? "");
    const low = admitted.slice(1).flatMap((name, index) => (name.startsWith("low") ? [index + 1] : []));
    assert.deepEqual(low, [16, 32]);
  });

  it("starves no class, however many requests of higher classes wait", async () => {
    const { acquire, release, admitted } = setUp({ maxWaiting: 300 });
    await acquire("first");
    for (const priority of priorities) {
      for (let index = 0; index < 80; index++) void acquire(`${priority} ${index}`, priority);
    }
    for (let round = 0; round < 68; round++) await release(admitted.at(-1) ?? "");
    const admittedOf = (priority: Priority) => admitted.filter((name) => name.startsWith(`${priority} `)).length;
    assert.deepEqual([admittedOf("normal"), admittedOf("low")], [4, 4]);
  });

  it("reserves a twentieth of the wait queue for each class", async () => {
    const { acquire, queue } = setUp({ maxWaiting: 40 });
    await acquire("running");
    for (let index = 0; index < 100; index++) void acquire(`high ${index}`, "high");
    for (let index = 0; index < 100; index++) void acquire(`low ${index}`, "low");
    assert.deepEqual(queue.state().queued, { high: 38, normal: 0, low: 2 });
    for (let index = 0; index < 100; index++) void acquire(`later ${index}`, "high");
    assert.deepEqual(queue.state().queued, { high: 38, normal: 0, low: 2 });
  });

  it("does not admit an overdue request, even before its timer fires", async () => {
    const { acquire, release, pass, admitted, refused } = setUp({ waitMs: 60_000 });
    await acquire("running");
    void acquire("overdue");
    pass(59_999);
    void acquire("in time");
    pass(1);
    await release("running");
    assert.deepEqual(admitted, ["running", "in time"]);
    assert.equal(Reflect.get(Object(refused.get("overdue")), "type"), "queue_timeout");
  });

  it("refuses a request when the wait queue is full, or evicts one of a lower class", async () => {
    const { acquire, refused, queue } = setUp({ maxWaiting: 2 });
    await acquire("running");
    void acquire("low 1", "low");
    void acquire("low 2", "low");
    await acquire("low 3", "low");
    assert.deepEqual(Reflect.get(Object(refused.get("low 3")), "type"), "queue_full");
    void acquire("high", "high");
    await setImmediate();
    assert.deepEqual([...refused.keys()], ["low 3", "low 1"]);
    assert.deepEqual(queue.state().queued, { high: 1, normal: 0, low: 1 });
  });

  it("refuses a request that has waited for waitMs", async () => {
    const { acquire, refused, queue } = setUp({ waitMs: 40 });
    await acquire("running");
    const startedAt = performance.now();
    await acquire("waiting");
    const waitedMs = performance.now() - startedAt;
    assert.equal(Reflect.get(Object(refused.get("waiting")), "type"), "queue_timeout");
    assert.ok(waitedMs >= 38 && waitedMs < 5000, `${waitedMs} ms`);
    assert.deepEqual(queue.state().queued, none);
  });

  it("drops an aborted request from the wait queue at once, with the signal's reason", async () => {
    const { acquire, release, refused, admitted, queue } = setUp();
    await acquire("running");
    const ending = new AbortController();
    const reason = new Error("the client has gone");
    const gone = acquire("gone", "normal", ending.signal);
    ending.abort(reason);
    assert.deepEqual(queue.state().queued, none);
    await gone;
    assert.equal(refused.get("gone"), reason);
    await acquire("late", "normal", ending.signal);
    assert.equal(refused.get("late"), reason);
    await release("running");
    assert.deepEqual(admitted, ["running"]);
    assert.deepEqual(queue.state(), { limit: 1, running: none, queued: none });
  });

  it("clears the wait timer of an admitted request", async () => {
    const { acquire, release, admitted, refused } = setUp({ waitMs: 900 });
    await acquire("a");
    void acquire("b");
    await release("a");
    await sleep(600);
    const late = acquire("c");
    await sleep(600);
    assert.deepEqual([...refused.keys()], [], "b's timer would refuse c");
    await release("b");
    await late;
    assert.deepEqual(admitted, ["a", "b", "c"]);
  });

  it("leaves no listener on a signal that outlives the wait", async () => {
    const { acquire, release, queue } = setUp({ waitMs: 20 });
    const { signal } = new AbortController();
    await acquire("a", "normal", signal);
    const b = acquire("b", "normal", signal);
    await acquire("c", "normal", signal);
    await release("a");
    await b;
    await release("b");
    assert.deepEqual(getEventListeners(signal, "abort"), []);
    assert.deepEqual(queue.state().running, none);
  });

  it("refuses only low-priority requests while shedding", async () => {
    let shedding = true;
    const { acquire, refused, admitted } = setUp({ limit: 5, shedding: () => shedding });
    for (const priority of priorities) await acquire(priority, priority);
    assert.deepEqual(admitted, ["high", "normal"]);
    assert.equal(Reflect.get(Object(refused.get("low")), "type"), "shed");
    shedding = false;
    await acquire("low again", "low");
    assert.deepEqual(admitted, ["high", "normal", "low again"]);
  });

  it("leaves no listener for a request that was evicted or found the wait queue full", async () => {
    const { acquire, refused } = setUp({ maxWaiting: 1 });
    const { signal } = new AbortController();
    await acquire("running", "high", signal);
    void acquire("evicted", "low", signal);
    void acquire("waiting", "high", signal);
    await acquire("full", "high", signal);
    assert.deepEqual([...refused.keys()].sort(), ["evicted", "full"]);
    assert.equal(getEventListeners(signal, "abort").length, 1, "only the waiting request has one");
  });

  it("matches the reference model at every step, whatever the order of events", async () => {
    const which = fc.nat(1000);
    const times = fc.constantFrom(1, 2, 5, 20);
    const outboundCaller = fc.constantFrom(undefined, "one", "another");
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("acquire" as const),
        priority: fc.constantFrom(...priorities),
        times,
        outboundCaller,
      }),
      fc.record({ kind: fc.constant("release" as const), which, times }),
      fc.record({ kind: fc.constantFrom("release again" as const, "abort" as const), which }),
      fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 5000, 10_000, 20_000, 40_000) }),
      fc.record({ kind: fc.constant("shed" as const) }),
    );
    const sizes = fc.record({
      limit: fc.integer({ min: 1, max: 10 }),
      maxWaiting: fc.constantFrom(0, 1, 3, 20, 45, 45),
    });
    const steps = fc.array(step, { maxLength: 50, size: "max" });
    await fc.assert(
      fc.asyncProperty(sizes, steps, async (size, steps) => {
        let shedding = false;
        const options = { ...size, waitMs: 40_000, newestFirstAfterMs: 10_000, shedding: () => shedding };
        const { queue, acquire, slots, refused, pass, admitted } = setUp(options);
        const model = new QueueModel(options);
        const callers: AbortController[] = [];
        const settled: Promise<void>[] = [];
        const released: string[] = [];
        const release = (name: string) => {
          model.release(name);
          slots.get(name)?.release();
          released.push(name);
        };
        const check = () => {
          assert.deepEqual(queue.state(), model.state());
          assert.deepEqual(admitted, model.admitted);
          const types = [...refused].map(([name, reason]) => [name, reason instanceof Problem ? reason.type : reason]);
          assert.deepEqual(Object.fromEntries(types), Object.fromEntries(model.refused));
          const listening = callers.flatMap(({ signal }) => getEventListeners(signal, "abort"));
          assert.equal(listening.length, model.waiting.length, "one listener per waiting request");
        };
        for (const one of steps) {
          for (let time = 0; time < ("times" in one ? one.times : 1); time++) {
            const running = [...model.running.keys()];
            if (one.kind === "acquire") {
              const name = String(callers.length);
              const ending = new AbortController();
              callers.push(ending);
              model.acquire(name, one.priority, shedding, one.outboundCaller);
              settled.push(acquire(name, one.priority, ending.signal, one.outboundCaller));
            } else if (one.kind === "release") {
              if (running.length > 0) release(running[one.which % running.length] ?? "");
            } else if (one.kind === "release again") {
              slots.get(released[one.which % released.length] ?? "")?.release();
            } else if (one.kind === "abort") {
              const name = String(one.which % callers.length);
              model.abort(name, "gone");
              callers[Number(name)]?.abort("gone");
            } else if (one.kind === "pass") {
              model.nowMs += one.ms;
              pass(one.ms);
            } else shedding = !shedding;
            await setImmediate();
            check();
          }
        }
        for (let name = oldestOf(model); name !== undefined; name = oldestOf(model)) {
          release(name);
          await setImmediate();
        }
        check();
        await Promise.all(settled);
        assert.deepEqual(queue.state(), { limit: size.limit, running: none, queued: none });
        assert.equal(admitted.length + refused.size, callers.length);
      }),
      { numRuns: 300 },
    );
  });
});

const oldestOf = (model: QueueModel) => [...model.running.keys()][0];
