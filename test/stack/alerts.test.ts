// Provokes two alerts in the running stack and checks that they fire and clear, which proves that the service's metrics reach the
// rules. promtool tests all rules and their timing (rules.test.ts).
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { alerts, records } from "../otel/committed.ts";
import { mentioned } from "../otel/promql.ts";
import { compose } from "./compose.ts";
import { eventually } from "./eventually.ts";
import { query, value } from "./prometheus.ts";
import { call, createItem, get } from "./service.ts";

/** An alert waits 1 min, looks back 1 min and is evaluated every 15 s; the rest is reserve for a busy machine. */
const withinS = 120;
/** An unused breaker is evicted after 11 s (compose.override.yml); the alert then looks back for another minute. */
const forgottenWithinS = 150;
/** Counters that start with the first loss. */
const onlyInTrouble = /send_failed/;

/** Ten requests hold all slots for a second; requests that arrive meanwhile are refused after 250 ms. */
async function burst(slow: number): Promise<void> {
  const holding = Array.from({ length: 10 }, () => call(slow));
  await pause(200);
  const more = Array.from({ length: 20 }, () => get(slow));
  await Promise.all([...holding, ...more]);
}

async function firing(alert: string, label: string): Promise<string[]> {
  const found = await query(`count by (${label}) (ALERTS{alertname="${alert}", alertstate="firing"})`);
  return found.map(({ labels }) => labels[label] ?? "").sort();
}

describe("stack: alerts", function () {
  this.timeout((forgottenWithinS + 30) * 1000);

  let failingOrigin: string;
  let overload: Promise<void>;
  const overloaded = new AbortController();

  before("make a call fail and the queue refuse", async () => {
    // Other names of the receiver's host, because each origin has its own breaker.
    const names = await compose(["exec", "-T", "receiver", "sh", "-c", "hostname; hostname -i"]);
    const [name, address] = names.trim().split(/\s+/);
    // Nothing listens there, so the origin is down.
    failingOrigin = `http://${address}:9999`;
    const failing = await createItem("fast", failingOrigin);
    const slow = await createItem("slow", `http://${name}:9000`);
    assert.equal((await call(slow)).status, 201);
    for (let failures = 0; failures < 5; failures += 1) assert.equal((await call(failing)).status, 503);
    overload = (async () => {
      while (!overloaded.signal.aborted) {
        await burst(slow);
        // Keeps its breaker from being forgotten.
        await call(failing);
        await pause(4000, undefined, { signal: overloaded.signal }).catch(() => {});
      }
    })();
  });

  after(async () => {
    overloaded.abort();
    await overload;
  });

  it("uses existing metrics", async () => {
    const series = new Set([...alerts, ...records].flatMap(({ expr }) => mentioned(expr).series));
    const patterns = new Set(alerts.flatMap(({ expr }) => mentioned(expr).patterns));
    for (const { record } of records) series.delete(record);
    await eventually(30, async () => {
      for (const name of series) assert.ok((await value(`count(${name})`)) > 0, name);
      for (const pattern of patterns) {
        if (!onlyInTrouble.test(pattern)) assert.ok((await value(`count({__name__=~"${pattern}"})`)) > 0, pattern);
      }
    });
  });

  it("fires only for what is provoked", async () => {
    await eventually(withinS, async () => {
      assert.deepEqual(await firing("BreakerOpen", "breaker"), [failingOrigin]);
      assert.deepEqual(await firing("QueueRefusing", "reason"), ["queue_timeout"]);
    });
  });

  it("clears when it is over", async () => {
    overloaded.abort();
    await overload;
    await eventually(forgottenWithinS, async () => {
      assert.deepEqual(await firing("BreakerOpen", "breaker"), []);
      assert.deepEqual(await firing("QueueRefusing", "reason"), []);
    });
  });

  it("evaluates every rule without an error", async () => {
    const loaded = await value("sum(prometheus_rule_group_rules)");
    assert.equal(loaded, alerts.length + records.length);
    assert.equal(await value("sum(prometheus_rule_evaluation_failures_total)"), 0);
  });
});
