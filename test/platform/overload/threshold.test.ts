import assert from "node:assert/strict";
import fc from "fast-check";
import { Threshold } from "../../../src/platform/overload/threshold.ts";

describe("Threshold", () => {
  it("is exceeded at its upper limit and normal again only below its lower one", () => {
    const threshold = new Threshold(80, 75);
    assert.deepEqual(
      [79, 80, 76, 85, 75, 74, 79, 80].map((reading) => threshold.update(reading)),
      [undefined, "exceeded", undefined, undefined, undefined, "normal", undefined, "exceeded"],
    );
  });

  it("never reports the same change twice in a row", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true })), (readings) => {
        const threshold = new Threshold(80, 75);
        const changes = readings.map((reading) => threshold.update(reading)).filter((change) => change !== undefined);
        assert.deepEqual(
          changes,
          changes.map((_, index) => (index % 2 === 0 ? "exceeded" : "normal")),
        );
        assert.equal(threshold.exceeded, changes.at(-1) === "exceeded");
      }),
    );
  });
});
