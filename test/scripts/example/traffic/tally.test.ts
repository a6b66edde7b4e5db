import { equal } from "node:assert/strict";
import { count, summary } from "../../../../scripts/example/traffic/tally.ts";

describe("the traffic generator's tally", () => {
  it("prints one line by status and resets", () => {
    const tally = new Map<string, number>();
    for (const outcome of ["503", "200", "200"]) count(tally, outcome);
    equal(summary(tally), "3 requests: 200 ×2, 503 ×1");
    equal(summary(tally), "0 requests");
  });
});
