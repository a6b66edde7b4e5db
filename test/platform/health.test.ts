import assert from "node:assert/strict";
import { startService } from "../helper.ts";

describe("health", () => {
  it("tells a service with a database from one without", async () => {
    const service = await startService();
    const ask = async (path: string) => {
      const response = await fetch(service.url + path);
      const body: unknown = await response.json();
      return { status: response.status, body };
    };
    assert.deepEqual(await ask("/health/live"), { status: 200, body: { status: "alive" } });
    assert.deepEqual(await ask("/health/ready"), { status: 200, body: { status: "ready" } });
    const { body } = await ask("/health");
    assert.ok(typeof body === "object" && body !== null && "status" in body && "timestamp" in body);
    assert.equal(body.status, "healthy");
    assert.ok(Math.abs(Number(body.timestamp) - Date.now() / 1000) < 60);

    await service.database.close();
    assert.deepEqual(await ask("/health/ready"), { status: 503, body: { status: "not ready" } });
    assert.equal((await ask("/health/live")).status, 200);
    assert.equal((await ask("/health")).status, 200);
    await service.stop();
  });
});
