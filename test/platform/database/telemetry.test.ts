import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, eventually, spawnService, token } from "../../support/helper.ts";
import { startOtlpReceiver } from "../../support/otlp-receiver.ts";

const waitMs = 3000;
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

for (const mode of ["lean", "standard"])
  describe(`the wait for a connection with ${mode} telemetry`, () => {
    let db: Awaited<ReturnType<typeof createDatabase>>;
    let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
    let service: Awaited<ReturnType<typeof spawnService>>;
    before(async () => {
      db = await createDatabase();
      receiver = await startOtlpReceiver();
      // One connection, and a query on it that lasts longer than any wait.
      const pool = { DB_POOL_LIMIT: "1", DB_POOL_MAX_IDLE: "1", DB_POOL_WAIT_MS: String(waitMs) };
      const env = { ...pool, DB_QUERY_TIMEOUT_MS: "60000", DEADLINE_MS: "70000" };
      service = await spawnService({ ...receiver.env, ...env, MYSQL_URL: db.url, TELEMETRY_MODE: mode });
    });
    after(async () => {
      await service.stop();
      receiver.stop();
      await db.drop();
    });

    /** The waits that ended with `errorType`, or without an error. */
    function waits(errorType?: string): { count: number; sum: number } {
      const points = receiver.points("db.client.connection.wait_time");
      const point = points.find(({ attributes }) => attributes["error.type"] === errorType);
      return { count: point?.count ?? 0, sum: Number(point?.sum ?? 0) };
    }

    const pending = () => receiver.points("db.client.connection.pending_requests")[0]?.asInt;

    const ask = (signal?: AbortSignal) =>
      fetch(`${service.url}/api/fixture/items/1`, { headers, ...(signal && { signal }) });

    it("is recorded with the error that ended it, in a series of its own", async () => {
      assert.equal((await ask()).status, 404);
      await eventually("a successful wait", () => waits().count > 0);
      await db.connection.query("LOCK TABLES fixture_items WRITE");
      const running = ask();
      await eventually("a pool whose connection is in use", async () => (await ask()).status === 504);
      await eventually("a wait that timed out", () => waits("pool_timeout").count > 0);
      const { count, sum } = waits("pool_timeout");
      assert.ok(sum / count >= (waitMs - 10) / 1000 && sum / count < 10, `${sum} s in ${count} waits`);

      assert.equal(waits("client_closed").count, 0);
      const leaving = new AbortController();
      const gone = assert.rejects(ask(leaving.signal));
      await eventually("a wait for a connection", () => pending() === 1);
      await sleep(100);
      leaving.abort();
      await gone;
      await eventually("a wait that the client ended", () => waits("client_closed").count === 1);
      const left = waits("client_closed").sum;
      assert.ok(left >= 0.09 && left < waitMs / 1000, `${left} s`);
      await db.connection.query("UNLOCK TABLES");
      assert.equal((await running).status, 404);
    });

    it("counts as a timeout only when it timed out", async () => {
      const [timeouts] = receiver.points("db.client.connection.timeouts");
      assert.equal(timeouts?.asInt, waits("pool_timeout").count);
    });
  });
