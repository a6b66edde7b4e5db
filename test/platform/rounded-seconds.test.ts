import assert from "node:assert/strict";
import { roundedSeconds } from "../../src/platform/rounded-seconds.ts";

describe("roundedSeconds", () => {
  it("keeps microseconds, and prints no more digits", () => {
    assert.equal(String(roundedSeconds(0.07574200024828315)), "0.000076");
    assert.equal(String(roundedSeconds(1234.5678)), "1.234568");
    assert.equal(roundedSeconds(0), 0);
  });
});
