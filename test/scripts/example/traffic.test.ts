import { equal, match, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, start, stopped } from "../child.ts";
import { Target } from "./target.ts";

const webhooks = "http://hooks.test/hooks";

describe("the traffic generator", () => {
  let target: Target;
  let url: string;
  let child: Child | undefined;

  beforeEach(async () => {
    target = new Target();
    url = await target.listen();
  });

  afterEach(async () => {
    child?.process.kill("SIGKILL");
    await child?.ended;
    child = undefined;
    await target.close();
  });

  const generator = (env: Record<string, string> = {}) =>
    start("example/traffic.ts", {
      TARGET_URL: url,
      TRAFFIC_RATE: "100",
      API_KEY: "secret",
      WEBHOOK_URL: webhooks,
      ...env,
    });

  it("says so and exits with 0 when it is off", async () => {
    child = generator({ TRAFFIC: "off" });
    equal(await child.ended, 0);
    equal(child.output(), "traffic: off (TRAFFIC=off)\n");
  });

  it("exits with one line when a setting is invalid", async () => {
    child = generator({ TRAFFIC_RATE: "fast" });
    equal(await child.ended, 1);
    equal(child.output(), 'TRAFFIC_RATE is "fast": it takes requests a second, more than 0 and at most 100\n');
  });

  it("sends at its rate, but only once the service is ready", async () => {
    target.ready = false;
    child = generator();
    await child.waitForOutput(/waiting for/);
    equal(target.asked.length, 0);
    target.ready = true;
    await child.waitForOutput(/100 requests a second/);
    const began = performance.now();
    await target.until(() => target.asked.length >= 100);
    const ms = performance.now() - began;
    ok(ms > 800 && ms < 1_600, `100 requests took ${ms} ms`);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`removes its automations and exits with 0 within 2 s on ${signal}`, async () => {
      child = generator();
      await target.until(() => target.automations.size >= 3 && target.revalidated > 0);
      const { code, ms } = await stopped(child, signal);
      equal(code, 0);
      ok(ms < 2_000, `${ms} ms`);
      equal(target.automations.size, 0);
      match(child.output(), /stopped after \d+ requests: 200 ×\d+.*; all cleaned up\n$/);
    });
  }

  it("exits within 2 s while it waits for a service that is down", async () => {
    await target.close();
    child = generator();
    await child.waitForOutput(/waiting for/);
    const { code, ms } = await stopped(child, "SIGTERM");
    equal(code, 0);
    ok(ms < 2_000, `${ms} ms`);
  });

  it("exits within 2 s and reports what it leaves behind when the service stops responding", async () => {
    child = generator();
    await target.until(() => target.automations.size >= 2);
    target.silent = true;
    const seen = target.asked.length;
    await target.until(() => target.asked.length >= seen + 20);
    const { code, ms } = await stopped(child, "SIGTERM");
    equal(code, 0);
    ok(ms < 2_000, `${ms} ms`);
    match(child.output(), /\d+ automations are left behind\n$/);
  });

  it("pauses when too many requests are in flight", async () => {
    target.silent = true;
    child = generator();
    await target.until(() => target.asked.length >= 50);
    // At 100 a second, 50 more would be due within half a second.
    equal(await Promise.race([target.until(() => target.asked.length > 50), sleep(500, "held back")]), "held back");
  });

  it("continues after the service was down", async () => {
    child = generator();
    await target.until(() => target.asked.length >= 20);
    await target.close();
    const { port } = new URL(url);
    target = new Target();
    await target.listen(Number(port));
    await target.until(() => target.asked.length >= 20);
    equal((await stopped(child, "SIGTERM")).code, 0);
  });
});
