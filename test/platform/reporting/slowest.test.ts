import assert from "node:assert/strict";
import fc from "fast-check";
import { Slowest } from "../../../src/platform/reporting/slowest.ts";

/** Uniform numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The share of `count` requests that is called slowest, once 2000 have been seen. */
function shareOf(draw: () => number, count = 20_000): number {
  const slowest = new Slowest();
  for (let seen = 0; seen < 2000; seen++) slowest.isAmong("/a", draw());
  let among = 0;
  for (let seen = 0; seen < count; seen++) if (slowest.isAmong("/a", draw())) among += 1;
  return among / count;
}

describe("Slowest", () => {
  it("finds about one in a hundred, whatever the times are spread like", () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31),
        fc.double({ min: 0.1, max: 5000, noNaN: true }),
        fc.constantFrom("even", "long tail", "two kinds"),
        (seed, scaleMs, kind) => {
          const random = randomOf(seed);
          const draw = {
            even: () => scaleMs * (0.5 + random()),
            "long tail": () => scaleMs / Math.sqrt(random() + 1e-6),
            "two kinds": () => scaleMs * (random() < 0.05 ? 20 + random() : 1 + random()),
          }[kind];
          const share = shareOf(draw);
          assert.ok(share > 0.005 && share < 0.02, `${kind}: ${share}`);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("follows a route that becomes slower or faster", () => {
    const random = randomOf(1);
    const slowest = new Slowest();
    for (const scaleMs of [10, 300, 20]) {
      let among = 0;
      for (let seen = 0; seen < 20_000; seen++) {
        if (slowest.isAmong("/a", scaleMs * (0.5 + random())) && seen >= 10_000) among += 1;
      }
      assert.ok(among > 50 && among < 200, `${among} of 10000 at ${scaleMs} ms`);
    }
  });

  it("soon forgets a first request that was slow, and knows each route by itself", () => {
    const slowest = new Slowest();
    slowest.isAmong("/a", 800);
    slowest.isAmong("/b", 1);
    let among = 0;
    for (let seen = 0; seen < 1500; seen++) if (slowest.isAmong("/a", 20 + (seen % 10))) among += 1;
    assert.ok(among > 0, "20 ms and a little is soon the slowest there is");
    assert.equal(slowest.isAmong("/b", 2), true);
  });
});
