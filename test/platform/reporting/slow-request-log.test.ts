import assert from "node:assert/strict";
import { secret, startService } from "../../support/helper.ts";

describe("slowRequest", () => {
  it("logs one warning with the route and no values from the request", async () => {
    const service = await startService({ items: 2000, env: { SLOW_REQUEST_MS: "1" } });
    await fetch(`${service.url}/api/fixture/items?search=${secret}`);
    const lines = service.log.filter((line) => line.msg === "slow request");
    assert.equal(lines.length, 1);
    const [line] = lines;
    assert.equal(line?.level, "warn");
    assert.equal(line?.route, "/api/fixture/items");
    assert.equal(line?.status, 200);
    assert.ok(Number(line?.durationMs) > 1);
    assert.doesNotMatch(JSON.stringify(service.log), new RegExp(secret));
    await service.stop();
  });

  it("logs nothing about a fast request", async () => {
    const service = await startService();
    await fetch(`${service.url}/api/fixture/items`);
    assert.deepEqual(service.log, []);
    await service.stop();
  });
});
