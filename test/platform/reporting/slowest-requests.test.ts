import assert from "node:assert/strict";
import fc from "fast-check";
import { SlowestRequests } from "../../../src/platform/reporting/slowest-requests.ts";

/** Returns a generator of uniform numbers from 0 to 1, the same for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Returns the share of `count` requests that counts as slowest, after 2000 warm-up requests. */
function slowestShare(draw: () => number, count = 20_000): number {
  const slowest = new SlowestRequests(Number.POSITIVE_INFINITY);
  for (let seen = 0; seen < 2000; seen++) slowest.isAmong("/a", draw());
  let among = 0;
  for (let seen = 0; seen < count; seen++) if (slowest.isAmong("/a", draw())) among += 1;
  return among / count;
}

describe("SlowestRequests", () => {
  it("finds about one request in a hundred, for any distribution of times", () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31),
        fc.double({ min: 0.1, max: 5000, noNaN: true }),
        fc.constantFrom("even", "long tail", "bimodal"),
        (seed, scaleMs, kind) => {
          const random = seededRandom(seed);
          const draw = {
            even: () => scaleMs * (0.5 + random()),
            "long tail": () => scaleMs / Math.sqrt(random() + 1e-6),
            bimodal: () => scaleMs * (random() < 0.05 ? 20 + random() : 1 + random()),
          }[kind];
          const share = slowestShare(draw);
          assert.ok(share > 0.005 && share < 0.02, `${kind}: ${share}`);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("follows a route that becomes slower or faster", () => {
    const random = seededRandom(1);
    const slowest = new SlowestRequests(Number.POSITIVE_INFINITY);
    for (const scaleMs of [10, 300, 20]) {
      let among = 0;
      for (let seen = 0; seen < 20_000; seen++) {
        if (slowest.isAmong("/a", scaleMs * (0.5 + random())) && seen >= 10_000) among += 1;
      }
      assert.ok(among > 50 && among < 200, `${among} of 10000 at ${scaleMs} ms`);
    }
  });

  it("quickly forgets a slow first request, and estimates each route separately", () => {
    const slowest = new SlowestRequests(Number.POSITIVE_INFINITY);
    slowest.isAmong("/a", 800);
    slowest.isAmong("/b", 1);
    let among = 0;
    for (let seen = 0; seen < 1500; seen++) if (slowest.isAmong("/a", 20 + (seen % 10))) among += 1;
    assert.ok(among > 0, "a little over 20 ms soon counts as slowest");
    assert.equal(slowest.isAmong("/b", 2), true);
  });

  it("counts every request over the target, the first one too", () => {
    const slowest = new SlowestRequests(200);
    assert.equal(slowest.isAmong("/a", 201), true);
    let among = 0;
    for (let seen = 0; seen < 1000; seen++) if (slowest.isAmong("/a", 250 + (seen % 5))) among += 1;
    assert.equal(among, 1000);
    assert.equal(slowest.isAmong("/a", 100), false);
  });
});
