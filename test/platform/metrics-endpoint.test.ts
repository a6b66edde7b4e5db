import assert from "node:assert/strict";
import { z } from "zod";
import { createDatabase, spawnService, token } from "../helper.ts";
import { startOtlpReceiver } from "../otlp-receiver.ts";

const seconds = z.number().nonnegative();
const answer = z.strictObject({
  endpoints: z.record(
    z.string(),
    z.strictObject({
      avg_time: seconds,
      max_time: seconds,
      p50: seconds,
      p95: seconds,
      p99: seconds,
      request_count: z.number().int(),
      error_count: z.number().int(),
    }),
  ),
});

describe("GET /metrics", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
  before(async () => {
    db = await createDatabase();
    receiver = await startOtlpReceiver();
  });
  after(async () => {
    receiver.stop();
    await db.drop();
  });

  for (const [what, env] of [
    ["as it is", {}],
    ["with OTEL_SDK_DISABLED", { OTEL_SDK_DISABLED: "true" }],
    ["with OTEL_METRICS_EXPORTER=none", { OTEL_METRICS_EXPORTER: "none" }],
  ] as const) {
    it(`counts each endpoint's requests, ${what}`, async () => {
      const service = await spawnService({ ...receiver.env, MYSQL_URL: db.url, ...env });
      const headers = { authorization: `Bearer ${token}` };
      for (const id of [1, 2, 3])
        assert.equal((await fetch(`${service.url}/api/automations/${id}`, { headers })).status, 404);
      await fetch(`${service.url}/api/automations/marketplace`);
      for (const path of ["/a", "/b", "/c/d"]) await fetch(service.url + path);
      const response = await fetch(`${service.url}/metrics`);
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
      const { endpoints } = answer.parse(await response.json());
      assert.equal(endpoints["GET /api/automations/{id}"]?.request_count, 3);
      assert.equal(endpoints["GET /api/automations/marketplace"]?.request_count, 1);
      assert.equal(endpoints["GET unmatched"]?.request_count, 3);
      const { avg_time, max_time, p99 } = endpoints["GET /api/automations/{id}"] ?? {};
      assert.ok(Number(avg_time) > 0 && Number(max_time) >= Number(avg_time) && Number(p99) <= Number(max_time));

      const text = await fetch(`${service.url}/metrics`, { headers: { accept: "text/plain" } });
      assert.match(text.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
      const lines = (await text.text()).split("\n");
      const count = lines.filter((line) =>
        /^http_server_request_duration\w*_count\{.*"\/api\/automations\/\{id\}"/.test(line),
      );
      assert.deepEqual(
        count.map((line) => line.split("} ")[1]),
        ["3"],
      );
      assert.ok(!lines.some((line) => line.includes("process_command")), "nothing about how the process was started");
      assert.equal(await service.stop(), 0);
    });
  }
});
