import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { loadConfig } from "../../../src/config/config.ts";
import { durationBounds } from "../../../src/platform/telemetry/duration-bounds.ts";
import { root } from "../../support/helper.ts";

const collector = z
  .object({
    connectors: z.object({
      span_metrics: z.object({
        histogram: z.object({ explicit: z.object({ buckets: z.array(z.string()) }) }),
      }),
    }),
  })
  .parse(parse(readFileSync(join(root, "otel/collector.yaml"), "utf8"), { merge: true }));

/** Seconds of a duration such as `1500ms`. */
function seconds(text: string): number {
  const [, amount, unit] = /^(\d+)(ms|s)$/.exec(text) ?? [];
  assert.ok(unit, text);
  return Number(amount) / (unit === "ms" ? 1000 : 1);
}

const { buckets } = collector.connectors.span_metrics.histogram.explicit;
const config = loadConfig({ APP_ENV: "development", MYSQL_URL: "mysql://user:password@host/database" });
const limitsMs = {
  ADMISSION_WAIT_MS: config.admission.waitMs,
  DB_POOL_WAIT_MS: config.database.waitMs,
  DB_QUERY_TIMEOUT_MS: config.database.queryTimeoutMs,
  OUTBOUND_TIMEOUT_MS: config.outbound.timeoutMs,
  DEADLINE_MS: config.deadlineMs,
};
/** The targets of a query and a request, and what counts as a slow one. */
const targetsMs = [50, 200, config.database.slowQueryMs, config.slowRequestMs];

for (const [where, bounds] of [
  ["the service", durationBounds],
  ["the collector", buckets.map(seconds)],
] as const)
  describe(`the bucket bounds of ${where}`, () => {
    for (const [name, ms] of Object.entries(limitsMs))
      it(`have one at ${name}, and one at most 20 % above it`, () => {
        assert.ok(bounds.includes(ms / 1000));
        const next = bounds.find((bound) => bound > ms / 1000) ?? Number.POSITIVE_INFINITY;
        assert.ok(next <= (ms / 1000) * 1.2, `${next} s`);
      });

    it("have one at each target", () => {
      for (const ms of targetsMs) assert.ok(bounds.includes(ms / 1000), `${ms} ms`);
    });

    it("ascend, and are at most 20", () => {
      assert.deepEqual(
        bounds,
        [...new Set(bounds)].toSorted((a, b) => a - b),
      );
      assert.ok(bounds.length <= 20);
    });
  });
