import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeCursor, encodeCursor } from "../../src/automations/cursor.ts";
import { sorts } from "../../src/automations/schema.ts";
import { Problem } from "../../src/platform/request/problem.ts";

describe("cursor", () => {
  it("decodes to the sort key and id that it was encoded from", () => {
    const createdAt = new Date("2026-01-02T03:04:05.678Z");
    const last = { id: 7, name: "n", description: "", category: "crm", popularity: 42, rating: 4.5, createdAt };
    assert.deepEqual(decodeCursor("popular", encodeCursor("popular", last)), { key: 42, id: 7 });
    assert.deepEqual(decodeCursor("rating", encodeCursor("rating", last)), { key: 4.5, id: 7 });
    assert.deepEqual(decodeCursor("newest", encodeCursor("newest", last)), { key: createdAt.getTime(), id: 7 });
    assert.throws(() => decodeCursor("rating", encodeCursor("popular", last)), Problem);
  });

  it("rejects any other text as an invalid cursor", () => {
    const json = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString("base64url"));
    fc.assert(
      fc.property(fc.constantFrom(...sorts), fc.oneof(fc.string(), json), (sort, text) => {
        assert.throws(() => decodeCursor(sort, text), { name: "Problem", type: "invalid_request" });
      }),
    );
  });
});
