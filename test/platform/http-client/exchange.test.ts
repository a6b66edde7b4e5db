import assert from "node:assert/strict";
import fc from "fast-check";
import { Agent } from "undici";
import { BoundedBody } from "../../../src/platform/http-client/bounded-body.ts";
import { exchange } from "../../../src/platform/http-client/exchange.ts";

describe("an exchange", () => {
  it("ends at once when its signal aborts, even while it waits for a connection", async () => {
    const agent = new Agent({ connect: { lookup: () => {}, timeout: 60_000 } });
    const reason = new Error("given up");
    const controller = new AbortController();
    const options = { dispatcher: agent, signal: controller.signal, maxResponseBytes: 1 };
    const running = exchange(new URL("http://nowhere.example/"), {}, options);
    const startedAt = performance.now();
    controller.abort(reason);
    await assert.rejects(running, reason);
    assert.ok(performance.now() - startedAt < 10_000);
    await assert.rejects(exchange(new URL("http://nowhere.example/"), {}, options), reason);
    await agent.destroy();
  });
});

describe("a bounded body", () => {
  it("holds everything that arrived, up to its limit", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.integer({ min: 0, max: 200 }),
        (pieces, limitBytes) => {
          const body = new BoundedBody(limitBytes);
          let length = 0;
          for (const [index, piece] of pieces.entries()) {
            length += piece.length;
            assert.equal(body.append(piece), length <= limitBytes);
            if (length > limitBytes) return;
            assert.deepEqual(body.bytes, Buffer.concat(pieces.slice(0, index + 1)));
          }
        },
      ),
    );
  });
});
