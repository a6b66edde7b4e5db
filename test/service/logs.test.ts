// The service's log over OTLP, beside standard output, from its first line to its last.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import {
  addressOf,
  createDatabase,
  eventually,
  spawnService,
  testCommand,
  token,
  uncaughtOnSignal,
} from "../support/helper.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";

let db: Awaited<ReturnType<typeof createDatabase>>;
before(async () => {
  db = await createDatabase();
});
after(() => db.drop());

for (const mode of ["lean", "standard"] as const)
  describe(`the log over OTLP with ${mode} telemetry`, () => {
    let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
    let env: Record<string, string>;
    beforeEach(async () => {
      receiver = await startOtlpReceiver("http/protobuf");
      env = { ...receiver.env, OTEL_LOGS_EXPORTER: "otlp", TELEMETRY_MODE: mode, MYSQL_URL: db.url };
    });
    afterEach(() => receiver.stop());

    const messages = () => receiver.logs.map(({ body }) => body);

    it("has each line of standard output once, the last one too, and a request's lines with its trace", async () => {
      // The batch is sent only at the end.
      const service = await spawnService({ ...env, SLOW_REQUEST_MS: "1", OTEL_BLRP_SCHEDULE_DELAY: "60000" });
      const traceId = randomBytes(16).toString("hex");
      const headers = {
        authorization: `Bearer ${token}`,
        traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-01`,
      };
      assert.equal((await fetch(`${service.url}/api/fixture/items/999`, { headers })).status, 404);
      await eventually("the slow request", () => service.log().some(({ msg }) => msg === "slow request"));
      assert.equal(await service.stop(), 0);
      await eventually("the last line", () => messages().at(-1) === "stopped");
      assert.deepEqual(
        messages(),
        service.log().map(({ msg }) => msg),
      );
      const slow = receiver.logs.find(({ body }) => body === "slow request");
      const span = receiver.spans.find((one) => one.traceId === traceId && one.attributes["http.route"] !== undefined);
      assert.equal(slow?.traceId, traceId);
      assert.equal(slow.spanId, span?.spanId);
      assert.equal(slow.attributes.route, "/api/fixture/items/{id}");
      assert.equal(slow.attributes.status, 404);
      assert.equal(typeof Object(slow.attributes.phases).query, "number");
    });

    it("has an uncaught error, and why the service can't listen", async () => {
      const service = await spawnService(env, ["--import", uncaughtOnSignal, ...testCommand]);
      service.child.kill("SIGUSR2");
      assert.equal(await service.exited, 1);
      const fatal = await eventually("the error", () =>
        receiver.logs.find(({ body }) => body === "unhandledRejection"),
      );
      assert.equal(fatal.severityText, "fatal");
      assert.equal(fatal.attributes["exception.type"], "Error");
      await eventually("the last line", () => messages().at(-1) === "stopped");

      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const admin = new URL(addressOf(taken.address())).port;
      const failing = await spawnService({ ...env, ADMIN_PORT: admin });
      assert.equal(await failing.exited, 1);
      await eventually("why", () => messages().some((message) => String(message).includes("ADMIN_PORT")));
      taken.close();
    });
  });
