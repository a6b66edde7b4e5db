import assert from "node:assert/strict";
import fc from "fast-check";
import { Threshold } from "../../../src/platform/overload/threshold.ts";

describe("Threshold", () => {
  it("is exceeded at its limit, and normal again only under its lower one", () => {
    const threshold = new Threshold(80, 75);
    assert.deepEqual(
      [79, 80, 76, 85, 75, 74, 79, 80].map((reading) => threshold.take(reading)),
      [undefined, "exceeded", undefined, undefined, undefined, "normal", undefined, "exceeded"],
    );
  });

  it("never says the same twice in a row, whatever the readings", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true })), (readings) => {
        const threshold = new Threshold(80, 75);
        const said = readings.map((reading) => threshold.take(reading)).filter((change) => change !== undefined);
        assert.deepEqual(
          said,
          said.map((_, index) => (index % 2 === 0 ? "exceeded" : "normal")),
        );
        assert.equal(threshold.exceeded, said.at(-1) === "exceeded");
      }),
    );
  });
});
