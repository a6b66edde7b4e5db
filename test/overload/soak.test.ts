// A short soak test, long enough to detect one object leaked per request.
import assert from "node:assert/strict";
import { description, growthOf, type Soak, soak } from "./soak.ts";

describe("growth in a soak", () => {
  const resources = { heapBytes: 5e7, sockets: 0, connections: 10, waiting: 0, listeners: 16, timers: 1, active: 16 };
  const flat: Soak = {
    seconds: 60,
    capacity: 97,
    slope: 150,
    error: 30,
    first: 48_000,
    last: 48_150,
    samples: 30,
    before: resources,
    after: { ...resources, connections: 5, active: 11 },
  };

  it("means significant heap growth, or any count that is higher than before", () => {
    assert.deepEqual(growthOf(flat), []);
    assert.deepEqual(growthOf({ ...flat, slope: 161 }), ["the heap grows by 161 ± 30 kB a minute, more than 100"]);
    for (const kind of ["sockets", "connections", "listeners", "timers", "active"] as const) {
      const after = { ...flat.after, [kind]: resources[kind] + 1 };
      assert.deepEqual(growthOf({ ...flat, after }), [
        `${kind} went from ${resources[kind]} to ${resources[kind] + 1}`,
      ]);
    }
  });
});

describe("a minute at a little more than the capacity", function () {
  this.timeout(180_000);
  // Other processes on the machine can only make it look worse, as in report.ts.
  this.retries(1);

  it("leaves the service as it was: heap, sockets, connections, listeners, timers", async () => {
    const result = await soak(60);
    console.log(description(result));
    assert.deepEqual(growthOf(result), []);
  });
});
