import assert from "node:assert/strict";
import { sharedCheck } from "../../src/platform/shared-check.ts";

describe("sharedCheck", () => {
  it("runs one check for all that ask at the same time, and soon after", async () => {
    let checks = 0;
    let nowMs = 1;
    const check = async () => {
      checks += 1;
    };
    const ask = sharedCheck(check, { limitMs: 1000, keepMs: 100, now: () => nowMs });
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 100 }, ask))), new Set([true]));
    nowMs += 99;
    await ask();
    assert.equal(checks, 1);
    nowMs += 1;
    await ask();
    assert.equal(checks, 2);
  });

  it("has failed when the check rejects or takes too long, and looks again later", async () => {
    let nowMs = 1;
    let check = (): Promise<void> => Promise.reject(new Error("down"));
    const ask = sharedCheck(() => check(), { limitMs: 50, keepMs: 100, now: () => nowMs });
    assert.equal(await ask(), false);
    nowMs += 100;
    check = () => new Promise(() => {});
    const startedAt = performance.now();
    assert.equal(await ask(), false);
    assert.ok(performance.now() - startedAt < 300);
    nowMs += 100;
    check = async () => {};
    assert.equal(await ask(), true);
  });
});
