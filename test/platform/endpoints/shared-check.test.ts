import assert from "node:assert/strict";
import { sharedCheck } from "../../../src/platform/endpoints/shared-check.ts";

describe("sharedCheck", () => {
  it("shares one check among concurrent and recent callers", async () => {
    let checks = 0;
    let nowMs = 0;
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

  it("returns false when the check rejects or throws, and checks again later", async () => {
    let nowMs = 0;
    let check = (): Promise<void> => Promise.reject(new Error("down"));
    const ask = sharedCheck(() => check(), { limitMs: 1000, keepMs: 100, now: () => nowMs });
    assert.equal(await ask(), false);
    check = () => {
      throw new Error("not even a promise");
    };
    nowMs += 100;
    assert.equal(await ask(), false);
    check = async () => {};
    assert.equal(await ask(), false);
    nowMs += 100;
    assert.equal(await ask(), true);
  });

  it("returns false when the check takes too long, and starts no other until it has ended", async () => {
    let nowMs = 0;
    let checks = 0;
    const hanging = Promise.withResolvers<void>();
    const check = () => {
      checks += 1;
      return checks === 1 ? hanging.promise : Promise.resolve();
    };
    const ask = sharedCheck(check, { limitMs: 20, keepMs: 100, now: () => nowMs });
    for (let times = 0; times < 3; times++) {
      assert.equal(await ask(), false);
      nowMs += 100;
    }
    assert.equal(checks, 1);
    const late = ask();
    hanging.resolve();
    assert.equal(await late, true);
    nowMs += 100;
    assert.equal(await ask(), true);
    assert.equal(checks, 2);
  });
});
