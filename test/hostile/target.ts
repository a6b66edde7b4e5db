// The service as it runs, with Node's own limits, and what must be true of it whatever it was sent.
import assert from "node:assert/strict";
import { createDatabase, spawnService, token } from "../support/helper.ts";
import { exchange, outcomeOf } from "./raw-http.ts";
import { good, postJson } from "./requests.ts";

export type Target = Awaited<ReturnType<typeof startTarget>>;

export async function startTarget() {
  const db = await createDatabase();
  const service = await spawnService({
    MYSQL_URL: db.url,
    SEED_AUTOMATIONS: "5",
    OTEL_TRACES_EXPORTER: "none",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    LOG_LEVEL: "debug",
    SERVER_HEADERS_TIMEOUT_MS: "500",
    SERVER_REQUEST_TIMEOUT_MS: "1500",
    // Who keeps a place is noticed soon.
    ADMISSION_LIMIT: "2",
    // Refusals for other reasons than the input are none of the tests' business.
    ADMISSION_WAITING: "1000",
    ADMISSION_WAIT_MS: "2500",
    LOOP_DELAY_SHED_MS: "60000",
  });
  return {
    url: service.url,
    /** Runs, has logged no error and no secret, and still has all its places. */
    async assertWell(): Promise<void> {
      assert.equal(service.child.exitCode, null, service.errors());
      const log = service.log();
      const wrong = log.filter((line) => line.level === "error" || line.level === "fatal");
      assert.deepEqual(wrong, []);
      const logged = JSON.stringify(log);
      for (const secret of [token, Buffer.from(token).toJSON().data.join()]) {
        assert.ok(!logged.includes(secret), "a token is in the log");
      }
      const atOnce = [postJson(good), postJson(good), postJson(good)].map((bytes) => exchange(service.url, bytes));
      assert.deepEqual((await Promise.all(atOnce)).map(outcomeOf), ["201", "201", "201"]);
    },
    async stop(): Promise<void> {
      await service.stop();
      await db.drop();
    },
  };
}
