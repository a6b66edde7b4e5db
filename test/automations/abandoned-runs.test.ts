import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { RowDataPacket } from "mysql2/promise";
import { addressOf, startService, token } from "../support/helper.ts";

describe("a run whose request times out", () => {
  it("never stays recorded as running", async () => {
    const webhook = createServer((_request, response) => response.end()).listen(0, "127.0.0.1");
    await once(webhook, "listening");
    const service = await startService();
    const input = { name: "Run me", category: "data", webhookUrl: addressOf(webhook.address()) };
    const location = (await service.call("POST", "/api/automations", input)).headers.get("location");
    for (let count = 0; count < 400; count += 1) {
      const headers = { authorization: `Bearer ${token}`, "x-request-timeout-ms": String(1 + (count % 8)) };
      const response = await fetch(`${service.url}${location}/runs`, { method: "POST", headers });
      await response.arrayBuffer();
    }
    // Recording the end of a run takes no longer than the query timeout.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const [[unfinished]] = await service.db.connection.query<RowDataPacket[]>(
      "SELECT COUNT(*) AS count FROM automation_runs WHERE status = 'running'",
    );
    webhook.close();
    webhook.closeAllConnections();
    await service.stop();
    assert.equal(unfinished?.count, 0);
  });
});
