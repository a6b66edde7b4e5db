import assert from "node:assert/strict";
import { exampleLine } from "../../../scripts/bootstrap/example-lines.js";

const line = (record: object) => exampleLine(JSON.stringify({ level: "warn", ...record }));

describe("lines that the example's traffic provokes", () => {
  it("are its slow requests and queries, and the breaker of its webhooks", () => {
    assert.equal(line({ msg: "slow request", route: "/api/automations/{id}/runs" }), "slow");
    assert.equal(line({ msg: "slow request", route: "/api/optimized/automations/marketplace" }), "slow");
    assert.equal(line({ msg: "slow query", query: "automations.count" }), "slow");
    const breaker = "http://127.0.0.1:9000 (one URL)";
    assert.equal(line({ msg: "breaker opened: calls are refused", breaker }), "breaker");
  });

  it("are not errors, your own slow requests, other breakers, other warnings, or plain text", () => {
    assert.equal(line({ level: "error", msg: "slow request", route: "/api/automations" }), undefined);
    assert.equal(line({ msg: "slow request", route: "/api/orders" }), undefined);
    assert.equal(line({ msg: "slow query", query: "orders.list" }), undefined);
    assert.equal(line({ msg: "breaker opened: calls are refused", breaker: "database" }), undefined);
    assert.equal(line({ msg: "ADMISION_LIMIT is not known: did you mean ADMISSION_LIMIT?" }), undefined);
    for (const text of ["Segmentation fault", "{ no json"]) assert.equal(exampleLine(text), undefined);
  });
});
