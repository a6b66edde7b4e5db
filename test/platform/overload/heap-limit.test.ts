import assert from "node:assert/strict";
import { oldSpaceLimit, usableHeap } from "../../../src/platform/overload/heap-limit.ts";

const mb = 2 ** 20;

describe("the old-space limit", () => {
  /** V8's heap_size_limit and old-space limit (MiB) with Node 24, in a container of `memory` MiB with these options. */
  const cases: [memory: number, options: string[], sizeLimit: number, old: number][] = [
    [256, [], 259, 256],
    [512, [], 259, 256],
    [640, [], 368, 320],
    [768, [], 432, 384],
    [1024, [], 560, 512],
    [1280, [], 736, 640],
    [1536, [], 864, 768],
    [2048, [], 1120, 1024],
    [3072, [], 1728, 1536],
    [4096, [], 2240, 2048],
    [8192, [], 2240, 2048],
    [16_384, [], 4288, 4096],
    [512, ["--max-semi-space-size=16"], 304, 256],
    [24_000, ["--max-semi-space-size=8"], 4120, 4096],
    [512, ["--max-old-space-size=400"], 403, 400],
    [24_000, ["--max-old-space-size=64"], 256, 64],
    [24_000, ["--trace-gc --max_old_space_size 512", "--max-old-space-size=256"], 448, 256],
    [24_000, ["--max-old-space-size=512", "--min-semi-space-size=4"], 704, 512],
    [512, ["--max-old-space-size-percentage=75"], 387, 384],
    [1024, ["--max-old-space-size-percentage=75"], 816, 768],
    [24_000, ["--max-old-space-size-percentage=50"], 12_192, 12_000],
    // The percentage wins in any position.
    [1024, ["--max-old-space-size-percentage=50", "--max-old-space-size=600"], 560, 512],
    // NODE_OPTIONS may quote an option.
    [24_000, ['--max-old-space-size="200"'], 392, 200],
    // V8 treats 0 as unset.
    [24_000, ["--max-old-space-size=0"], 4288, 4096],
    [24_000, ["--max-heap-size=256"], 256, 253],
    [24_000, ["--max-heap-size=400"], 400, 352],
  ];
  for (const [memory, options, sizeLimit, old] of cases) {
    it(`is ${old} MiB with ${memory} MiB of memory and ${options.join(" ") || "no options"}`, () => {
      const settings = { sizeLimit: sizeLimit * mb, memory: memory * mb, options };
      assert.equal(oldSpaceLimit(settings), old * mb);
      // Shedding begins at 90 % of the usable heap: before 80 % of the old space, where V8 may give up.
      assert.ok(0.9 * usableHeap(settings) < 0.8 * old * mb);
    });
  }

  it("never exceeds V8's heap_size_limit, whatever the options say", () => {
    const settings = { sizeLimit: 100 * mb, memory: 1000 * mb };
    for (const option of ["--max-old-space-size=4096", "--max-old-space-size-percentage=90"]) {
      assert.equal(oldSpaceLimit({ ...settings, options: [option] }), 100 * mb);
    }
  });
});
