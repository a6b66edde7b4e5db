import assert from "node:assert/strict";
import { paths } from "../../support/fixture/routes.ts";
import { createDatabase, eventually, spawnService, token } from "../../support/helper.ts";
import { startOtlpReceiver } from "../../support/otlp-receiver.ts";

const waitMs = 3000;
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

for (const mode of ["lean", "standard"])
  describe(`the wait for a slot with ${mode} telemetry`, () => {
    let db: Awaited<ReturnType<typeof createDatabase>>;
    let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
    let service: Awaited<ReturnType<typeof spawnService>>;
    before(async () => {
      db = await createDatabase();
      receiver = await startOtlpReceiver();
      // One slot, one waiting request, and a query that lasts longer than any wait.
      const slot = { ADMISSION_LIMIT: "1", ADMISSION_WAITING: "1", ADMISSION_WAIT_MS: String(waitMs) };
      const env = { ...slot, DB_QUERY_TIMEOUT_MS: "60000", DEADLINE_MS: "70000" };
      service = await spawnService({ ...receiver.env, ...env, MYSQL_URL: db.url, TELEMETRY_MODE: mode });
    });
    after(async () => {
      await service.stop();
      receiver.stop();
      await db.drop();
    });

    /** Seconds waited and number of waits, by error type. */
    function waits(errorType?: string): { count: number; sum: number } {
      const points = receiver
        .points("admission.wait.duration")
        .filter(({ attributes }) => attributes["error.type"] === errorType && attributes.class === "low");
      const sumOf = (read: (point: (typeof points)[number]) => unknown) =>
        points.reduce((sum, point) => sum + Number(read(point)), 0);
      return { count: sumOf(({ count }) => count), sum: sumOf(({ sum }) => sum) };
    }

    const total = (gauge: string) => receiver.points(gauge).reduce((sum, { asInt = 0 }) => sum + asInt, 0);

    const refused = (reason: string) =>
      receiver
        .points("admission.refused")
        .filter(({ attributes }) => attributes.reason === reason)
        .reduce((sum, { asInt = 0 }) => sum + asInt, 0);

    const ask = (signal?: AbortSignal) => fetch(`${service.url}${paths.items}`, { headers, ...(signal && { signal }) });

    it("is recorded with the error that ended it, and not for requests refused at once", async () => {
      await db.connection.query("LOCK TABLES fixture_items WRITE");
      const running = ask();
      await eventually("a running request", () => total("admission.running") === 1);
      await eventually("a wait that timed out", async () => {
        await (await ask()).text();
        return waits("queue_timeout").count > 0;
      });
      const { count, sum } = waits("queue_timeout");
      assert.ok(sum / count >= (waitMs - 10) / 1000 && sum / count < 10, `${sum} s in ${count} waits`);

      const leaving = new AbortController();
      const left = assert.rejects(ask(leaving.signal));
      // The wait queue has room for one request: this one.
      await eventually("a waiting request", () => total("admission.queued") === 1);
      const second = await ask();
      assert.equal(Reflect.get(Object(await second.json()), "type"), "queue_full");
      leaving.abort();
      await left;
      await eventually("a wait that the client ended", () => waits("client_closed").count === 1);
      await eventually("the count of refusals", () => refused("queue_full") >= 1);
      assert.equal(waits("queue_full").count, 0);
      await db.connection.query("UNLOCK TABLES");
      assert.equal((await running).status, 200);
    });
  });
