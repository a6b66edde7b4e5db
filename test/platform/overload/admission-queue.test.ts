import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { type Priority, priorities } from "../../../src/platform/http/types.ts";
import { AdmissionQueue, type Place, type QueueOptions } from "../../../src/platform/overload/admission-queue.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { QueueModel } from "./admission-queue-model.ts";

/** A queue with a clock of its own; the longest wait is far away unless a test says so. */
function setUp(changes: Partial<QueueOptions> = {}) {
  let nowMs = 0;
  const options = { limit: 1, waiting: 100, waitMs: 60_000, newestFirstAfterMs: 100, now: () => nowMs, ...changes };
  const queue = new AdmissionQueue(options);
  const admitted: string[] = [];
  const places = new Map<string, Place>();
  const refused = new Map<string, unknown>();
  return {
    queue,
    admitted,
    places,
    refused,
    pass(ms: number) {
      nowMs += ms;
    },
    enter(name: string, priority: Priority = "normal", signal = new AbortController().signal, outboundOf?: string) {
      return queue.enter(priority, signal, outboundOf).then(
        (place) => {
          admitted.push(name);
          places.set(name, place);
        },
        (reason: unknown) => {
          refused.set(name, reason);
        },
      );
    },
    async leave(name: string) {
      places.get(name)?.leave();
      await setImmediate();
    },
  };
}

const none = { high: 0, normal: 0, low: 0 };

describe("AdmissionQueue", () => {
  it("lets in up to its limit at once, and the others when a place is given back", async () => {
    const { queue, enter, leave, admitted } = setUp({ limit: 2 });
    for (const name of ["a", "b", "c"]) void enter(name);
    await setImmediate();
    assert.deepEqual(admitted, ["a", "b"]);
    assert.deepEqual(queue.state(), { limit: 2, running: { ...none, normal: 2 }, queued: { ...none, normal: 1 } });
    await leave("a");
    assert.deepEqual(admitted, ["a", "b", "c"]);
  });

  it("lets those that call out hold half of the slots, one at least, while the others go past them", async () => {
    for (const [limit, share] of [
      [10, 5],
      [3, 1],
      [1, 1],
    ] as const) {
      const { enter, leave, admitted, queue } = setUp({ limit });
      const { signal } = new AbortController();
      for (let index = 0; index < 8; index++) void enter(`call ${index}`, "high", signal, `caller ${index % 3}`);
      await setImmediate();
      assert.equal(admitted.length, share);
      for (let index = share; index < limit; index++) await enter(`other ${index}`);
      assert.equal(admitted.length, limit, "free slots are for the others");
      void enter("waits");
      await leave(admitted.at(-1) ?? "");
      assert.equal(admitted.at(-1), limit === 1 ? "call 1" : "waits", "though those that call out came first");
      await leave("call 0");
      assert.ok(admitted.includes(`call ${share}`), "its share is free again");
      assert.equal(queue.total("running"), limit);
    }
  });

  it("lets one caller's calls hold half of that share, while the calls of others go past them", async () => {
    const { enter, leave, admitted } = setUp({ limit: 10 });
    const { signal } = new AbortController();
    for (let index = 0; index < 5; index++) void enter(`one ${index}`, "high", signal, "one");
    for (let index = 0; index < 5; index++) void enter(`two ${index}`, "high", signal, "two");
    await setImmediate();
    assert.deepEqual(admitted, ["one 0", "one 1", "one 2", "two 0", "two 1"]);
    await leave("two 0");
    assert.equal(admitted.at(-1), "two 2", "though the others came first");
    await leave("one 0");
    assert.equal(admitted.at(-1), "one 3");
  });

  it("ends the wait for the share as any other, with the slots half free", async () => {
    const { enter, refused, queue } = setUp({ limit: 4, waitMs: 30 });
    const { signal } = new AbortController();
    for (const name of ["a", "b", "late"]) await enter(name, "normal", signal, `caller ${name}`);
    assert.equal(Reflect.get(Object(refused.get("late")), "type"), "queue_timeout");
    assert.deepEqual(queue.state(), { limit: 4, running: { ...none, normal: 2 }, queued: none });
  });

  it("counts a place that is given back twice once", async () => {
    const { queue, enter, leave, admitted } = setUp();
    for (const name of ["a", "b", "c"]) void enter(name);
    await setImmediate();
    await leave("a");
    await leave("a");
    assert.deepEqual(admitted, ["a", "b"]);
    assert.equal(queue.state().running.normal, 1);
  });

  it("goes by arrival while calm, and takes the newest once the oldest has waited long", async () => {
    const { enter, leave, admitted, pass } = setUp();
    for (const name of ["a", "b", "c", "d", "e"]) void enter(name);
    await setImmediate();
    pass(100);
    await leave("a");
    assert.deepEqual(admitted, ["a", "b"]);
    pass(1);
    await leave("b");
    await leave("e");
    assert.deepEqual(admitted, ["a", "b", "e", "d"]);
  });

  it("puts higher classes first, and every sixteenth time the lowest", async () => {
    const { enter, leave, admitted } = setUp();
    await enter("first");
    for (let index = 0; index < 40; index++) void enter(`high ${index}`, "high");
    for (let index = 0; index < 40; index++) void enter(`low ${index}`, "low");
    for (let turn = 0; turn < 32; turn++) await leave(admitted.at(-1) ?? "");
    const low = admitted.slice(1).flatMap((name, turn) => (name.startsWith("low") ? [turn + 1] : []));
    assert.deepEqual(low, [16, 32]);
  });

  it("gives every waiting class its turns, however many of higher ones wait", async () => {
    const { enter, leave, admitted } = setUp({ waiting: 300 });
    await enter("first");
    for (const priority of priorities) {
      for (let index = 0; index < 80; index++) void enter(`${priority} ${index}`, priority);
    }
    for (let turn = 0; turn < 68; turn++) await leave(admitted.at(-1) ?? "");
    const turns = (priority: Priority) => admitted.filter((name) => name.startsWith(`${priority} `)).length;
    assert.deepEqual([turns("normal"), turns("low")], [4, 4]);
  });

  it("keeps a twentieth of the waiting room for each class, whatever comes in the others", async () => {
    const { enter, queue } = setUp({ waiting: 40 });
    await enter("running");
    for (let index = 0; index < 100; index++) void enter(`high ${index}`, "high");
    for (let index = 0; index < 100; index++) void enter(`low ${index}`, "low");
    assert.deepEqual(queue.state().queued, { high: 38, normal: 0, low: 2 });
    for (let index = 0; index < 100; index++) void enter(`later ${index}`, "high");
    assert.deepEqual(queue.state().queued, { high: 38, normal: 0, low: 2 });
  });

  it("gives no turn to who has waited too long, though its timer has not run yet", async () => {
    const { enter, leave, pass, admitted, refused } = setUp({ waitMs: 60_000 });
    await enter("running");
    void enter("overdue");
    pass(59_999);
    void enter("in time");
    pass(1);
    await leave("running");
    assert.deepEqual(admitted, ["running", "in time"]);
    assert.equal(Reflect.get(Object(refused.get("overdue")), "type"), "queue_timeout");
  });

  it("refuses who finds the waiting room full, unless it is full of lower classes", async () => {
    const { enter, refused, queue } = setUp({ waiting: 2 });
    await enter("running");
    void enter("low 1", "low");
    void enter("low 2", "low");
    await enter("low 3", "low");
    assert.deepEqual(Reflect.get(Object(refused.get("low 3")), "type"), "queue_full");
    void enter("high", "high");
    await setImmediate();
    assert.deepEqual([...refused.keys()], ["low 3", "low 1"]);
    assert.deepEqual(queue.state().queued, { high: 1, normal: 0, low: 1 });
  });

  it("lets nobody wait longer than the longest wait", async () => {
    const { enter, refused, queue } = setUp({ waitMs: 40 });
    await enter("running");
    const startedAt = performance.now();
    await enter("waiting");
    const waitedMs = performance.now() - startedAt;
    assert.equal(Reflect.get(Object(refused.get("waiting")), "type"), "queue_timeout");
    assert.ok(waitedMs >= 38 && waitedMs < 140, `${waitedMs} ms`);
    assert.deepEqual(queue.state().queued, none);
  });

  it("frees the waiting place of a request that has ended, at once, with its reason", async () => {
    const { enter, leave, refused, admitted, queue } = setUp();
    await enter("running");
    const ending = new AbortController();
    const reason = new Error("the client has gone");
    const gone = enter("gone", "normal", ending.signal);
    ending.abort(reason);
    assert.deepEqual(queue.state().queued, none);
    await gone;
    assert.equal(refused.get("gone"), reason);
    await enter("late", "normal", ending.signal);
    assert.equal(refused.get("late"), reason);
    await leave("running");
    assert.deepEqual(admitted, ["running"]);
    assert.deepEqual(queue.state(), { limit: 1, running: none, queued: none });
  });

  it("forgets the longest wait of who has been let in", async () => {
    const { enter, leave, admitted, refused } = setUp({ waitMs: 60 });
    await enter("a");
    void enter("b");
    await leave("a");
    await sleep(40);
    const late = enter("c");
    await sleep(40);
    assert.deepEqual([...refused.keys()], [], "the wait that b no longer has would end that of c");
    await leave("b");
    await late;
    assert.deepEqual(admitted, ["a", "b", "c"]);
  });

  it("leaves no listener on a signal that lives on", async () => {
    const { enter, leave, queue } = setUp({ waitMs: 20 });
    const { signal } = new AbortController();
    await enter("a", "normal", signal);
    const b = enter("b", "normal", signal);
    await enter("c", "normal", signal);
    await leave("a");
    await b;
    await leave("b");
    assert.deepEqual(getEventListeners(signal, "abort"), []);
    assert.deepEqual(queue.state().running, none);
  });

  it("refuses the lowest class, and no other, while it is to be shed", async () => {
    let shedding = true;
    const { enter, refused, admitted } = setUp({ limit: 5, shedding: () => shedding });
    for (const priority of priorities) await enter(priority, priority);
    assert.deepEqual(admitted, ["high", "normal"]);
    assert.equal(Reflect.get(Object(refused.get("low")), "type"), "shed");
    shedding = false;
    await enter("low again", "low");
    assert.deepEqual(admitted, ["high", "normal", "low again"]);
  });

  it("leaves no listener of who was evicted or found the waiting room full", async () => {
    const { enter, refused } = setUp({ waiting: 1 });
    const { signal } = new AbortController();
    await enter("running", "high", signal);
    void enter("evicted", "low", signal);
    void enter("waiting", "high", signal);
    await enter("full", "high", signal);
    assert.deepEqual([...refused.keys()].sort(), ["evicted", "full"]);
    assert.equal(getEventListeners(signal, "abort").length, 1, "that of the one that waits");
  });

  it("does what its rules say, step by step, whatever happens in whatever order", async () => {
    const which = fc.nat(1000);
    const times = fc.constantFrom(1, 2, 5, 20);
    const outboundOf = fc.constantFrom(undefined, "one", "another");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("enter" as const), priority: fc.constantFrom(...priorities), times, outboundOf }),
      fc.record({ kind: fc.constant("leave" as const), which, times }),
      fc.record({ kind: fc.constantFrom("leave again" as const, "abort" as const), which }),
      fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 5000, 10_000, 20_000, 40_000) }),
      fc.record({ kind: fc.constant("shed" as const) }),
    );
    const sizes = fc.record({ limit: fc.integer({ min: 1, max: 10 }), waiting: fc.constantFrom(0, 1, 3, 20, 45, 45) });
    const steps = fc.array(step, { maxLength: 50, size: "max" });
    await fc.assert(
      fc.asyncProperty(sizes, steps, async (size, steps) => {
        let shedding = false;
        const options = { ...size, waitMs: 40_000, newestFirstAfterMs: 10_000, shedding: () => shedding };
        const { queue, enter, places, refused, pass, admitted } = setUp(options);
        const model = new QueueModel(options);
        const callers: AbortController[] = [];
        const settled: Promise<void>[] = [];
        const left: string[] = [];
        const leave = (name: string) => {
          model.leave(name);
          places.get(name)?.leave();
          left.push(name);
        };
        const check = () => {
          assert.deepEqual(queue.state(), model.state());
          assert.deepEqual(admitted, model.admitted);
          const types = [...refused].map(([name, reason]) => [name, reason instanceof Problem ? reason.type : reason]);
          assert.deepEqual(Object.fromEntries(types), Object.fromEntries(model.refused));
          const listening = callers.flatMap(({ signal }) => getEventListeners(signal, "abort"));
          assert.equal(listening.length, model.waiting.length, "one listener for each that waits");
        };
        for (const one of steps) {
          for (let time = 0; time < ("times" in one ? one.times : 1); time++) {
            const running = [...model.running.keys()];
            if (one.kind === "enter") {
              const name = String(callers.length);
              const ending = new AbortController();
              callers.push(ending);
              model.enter(name, one.priority, shedding, one.outboundOf);
              settled.push(enter(name, one.priority, ending.signal, one.outboundOf));
            } else if (one.kind === "leave") {
              if (running.length > 0) leave(running[one.which % running.length] ?? "");
            } else if (one.kind === "leave again") {
              places.get(left[one.which % left.length] ?? "")?.leave();
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
          leave(name);
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
