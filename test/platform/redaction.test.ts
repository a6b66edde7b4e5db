import assert from "node:assert/strict";
import { redactedQuery } from "../../src/platform/redaction.ts";

describe("redactedQuery", () => {
  it("keeps parameter names but no values", () => {
    assert.equal(redactedQuery("token=a&sig=b=c"), "token=REDACTED&sig=REDACTED");
  });

  it("keeps nothing of a bare key, even with Base64 padding", () => {
    for (const key of ["sk_live_x", "c2tfbGl2ZV94eA==", "c2tfbGl2ZV94eHg=", "page=1&c2tfbGl2ZV94eA=="]) {
      assert.ok(!/sk_live|c2tf/.test(redactedQuery(key)), redactedQuery(key));
    }
  });
});
