// Starts the real service as a target, and checks that it is well whatever it has been sent.
import assert from "node:assert/strict";
import { createDatabase, spawnService, token } from "../support/helper.ts";
import { exchange, outcomeOf } from "./raw-http.ts";
import { good, postJson } from "./requests.ts";

export type Target = Awaited<ReturnType<typeof startTarget>>;

export async function startTarget() {
  const db = await createDatabase();
  const service = await spawnService({
    MYSQL_URL: db.url,
    FIXTURE_ITEMS: "5",
    OTEL_TRACES_EXPORTER: "none",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    LOG_LEVEL: "debug",
    SERVER_HEADERS_TIMEOUT_MS: "500",
    SERVER_REQUEST_TIMEOUT_MS: "1500",
    // Few slots, so that a leaked one is noticed soon.
    ADMISSION_LIMIT: "2",
    // Avoids refusals that the input does not cause.
    ADMISSION_WAITING: "1000",
    ADMISSION_WAIT_MS: "2500",
  });
  return {
    url: service.url,
    /** Asserts that it still runs, has logged no error and no secret, and has all its slots. */
    async assertWell(): Promise<void> {
      assert.equal(service.child.exitCode, null, service.errors());
      const log = service.log();
      const wrong = log.filter((line) => line.level === "error" || line.level === "fatal");
      assert.deepEqual(wrong, []);
      const logged = JSON.stringify(log);
      for (const secret of [token, Buffer.from(token).toJSON().data.join()]) {
        assert.ok(!logged.includes(secret), "the log contains a token");
      }
      const concurrent = [postJson(good), postJson(good), postJson(good)].map((bytes) => exchange(service.url, bytes));
      assert.deepEqual((await Promise.all(concurrent)).map(outcomeOf), ["201", "201", "201"]);
    },
    async stop(): Promise<void> {
      await service.stop();
      await db.drop();
    },
  };
}
