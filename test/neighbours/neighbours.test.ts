// Tests that the other callers are served whatever one caller does. Prints what they got for each behaviour.
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { percentile } from "../overload/figures.ts";
import { createDatabase, spawnService } from "../support/helper.ts";
import type { Order } from "./bad-caller.ts";
import { behaviours } from "./behaviours.ts";
import { type Outcome, others } from "./others.ts";
import { startReceiver } from "./receiver.ts";

const seconds = 4;
const environment = {
  OTEL_TRACES_EXPORTER: "none",
  OTEL_METRICS_EXPORTER: "none",
  OTEL_LOGS_EXPORTER: "none",
  FIXTURE_ITEMS: "2000",
  // Each caller has its own address, and none is exempt from the limits.
  TRUSTED_PROXIES: "1",
  RATE_LIMIT_EXEMPT: "192.0.2.1",
};

describe("the neighbours of a caller who sends", function () {
  // Other work on this machine can disturb the measurement.
  this.retries(1);
  const rows = new Map<string, Outcome[]>();
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let service: Awaited<ReturnType<typeof spawnService>>;
  let bad: ChildProcess;
  before(async () => {
    receiver = await startReceiver();
  });
  beforeEach(async () => {
    db = await createDatabase();
  });
  afterEach(async () => {
    bad.kill("SIGKILL");
    await service.stop();
    await db.drop();
  });
  after(() => {
    receiver.close();
    console.log(table(rows));
  });

  for (const [name, { env = {} }] of Object.entries(behaviours)) {
    it(name, async () => {
      service = await spawnService({ ...environment, ...env, MYSQL_URL: db.url });
      const { url } = service;
      const good = await others(url, `${receiver.url}/good`);
      await good.ask(1);
      bad = fork(`${import.meta.dirname}/bad-caller.ts`);
      bad.send({ name, url, receiver: receiver.url } satisfies Order);
      await once(bad, "message");
      const outcomes = await good.ask(seconds);
      rows.set(name, outcomes);
      assert.equal(service.child.exitCode, null, "the service has exited");
      const failed = outcomes.filter(({ good }) => !good);
      const kinds = Map.groupBy(failed, ({ what, got }) => `${got} for ${what}`);
      const summary = [...kinds].map(([kind, all]) => `${all.length} × ${kind}`).join(", ");
      assert.ok(failed.length <= 0.01 * outcomes.length, `${failed.length} of ${outcomes.length} failed: ${summary}`);
    });
  }
});

function table(rows: ReadonlyMap<string, readonly Outcome[]>): string {
  const lines = [...rows].map(([name, outcomes]) => {
    const good = outcomes.filter((outcome) => outcome.good);
    const times = good.map(({ ms }) => ms);
    const share = ((100 * good.length) / outcomes.length).toFixed(1);
    return [name, `${share} %`, percentile(times, 50).toFixed(0), percentile(times, 99).toFixed(0)];
  });
  const all = [["what one caller sends", "others: good", "p50 ms", "p99 ms"], ...lines];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    )
    .join("\n");
}
