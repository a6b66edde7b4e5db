// Tests the service under overload, on the real database, with the load from another process.
import assert from "node:assert/strict";
import { z } from "zod";
import { eventually } from "../support/helper.ts";
import { goodShare, percentile } from "./figures.ts";
import { load, start } from "./measure.ts";
import { measureAll, type Report, rounded, shortfalls } from "./report.ts";

const healthResponse = z.looseObject({
  dependencies: z.object({
    database: z.object({ connections: z.object({ used: z.number(), waiting: z.number() }) }),
  }),
});

describe("overload", function () {
  this.timeout(300_000);
  // Other processes on the machine can only make it look worse, as in report.ts.
  this.retries(1);
  let report: Report;
  before(async () => {
    report = await measureAll(true);
    console.log(`capacity ${report.capacity.toFixed(1)} a second`);
    console.table(report.runs.map(rounded));
    for (const line of report.repeated) console.log(`repeated: ${line}`);
  });
  const started = new Set<string>();
  beforeEach(function () {
    const title = this.currentTest?.title ?? "";
    if (started.has(title)) console.log(`repeated: ${title}`);
    started.add(title);
  });

  it("keeps goodput and latency at 2, 5 and 10 times the capacity, refuses quickly, and recovers at once", () => {
    assert.deepEqual(
      report.runs.flatMap((run) => shortfalls(report.capacity, run)),
      [],
    );
    assert.equal(report.runs.filter((run) => run.protection === "on").length, 3);
    const refusing = report.runs.filter((run) => run.protection === "on" && run.shedP99 > 0);
    assert.ok(refusing.length > 0, "some are refused without waiting");
  });

  it("serves more than twice as many requests in time as without protection", () => {
    const at5 = (protection: string) =>
      report.runs.find((run) => run.factor === 5 && run.protection === protection)?.goodput ?? Number.NaN;
    assert.ok(at5("on") > 2 * at5("off"), `${at5("on")} and ${at5("off")} a second`);
  });

  it("serves the high class despite far too many low-priority requests, and still some of those", async () => {
    const service = await start("on");
    const rates = { "/work/high": 0.6 * report.capacity, "/work/low": 4.4 * report.capacity };
    const outcomes = await load(service, { rates, seconds: 6 });
    await service.stop();
    const good = (path: string) => goodShare(outcomes.filter((outcome) => outcome.path === path));
    const percent = (path: string) => `${(good(path) * 100).toFixed(1)} % of ${path}`;
    console.log(`good responses: ${percent("/work/high")}, ${percent("/work/low")}`);
    assert.ok(good("/work/high") >= 0.99, `high ${good("/work/high")}`);
    assert.ok(good("/work/low") >= 0.05, `low ${good("/work/low")}`);
  });

  it("answers all probes and metrics requests quickly at 10 times the capacity", async () => {
    const service = await start("on");
    const probes = { "/health": 20, "/health/ready": 20, "/metrics": 20 };
    const rates = { "/work/normal": 10 * report.capacity, ...probes };
    const outcomes = await load(service, { rates, seconds: 6 });
    const answered = await service.answered();
    await service.stop();
    for (const path of Object.keys(probes)) {
      const statuses = outcomes.filter((outcome) => outcome.path === path).map((outcome) => outcome.status);
      assert.deepEqual(new Set(statuses), new Set([200]), path);
      const times = answered.filter((answer) => answer.url === path).map((answer) => answer.ms);
      console.log(`${path}: ${times.length} responses, 99 % within ${percentile(times, 99).toFixed(1)} ms`);
      assert.ok(percentile(times, 99) < 50, `${path}: ${percentile(times, 99)} ms`);
    }
  });

  it("releases all slots when a thousand clients disconnect, and leaks no listener or timer", async () => {
    const service = await start("on");
    const quiet = () =>
      eventually("a quiet service", async () => {
        const resources = await service.resources();
        return resources.sockets === 0 && resources.waiting === 0 && resources;
      });
    await fetch(`${service.url}/work/normal`, { headers: { connection: "close" } });
    const before = await quiet();
    for (let round = 0; round < 10; round++) {
      const leaving = AbortSignal.timeout(30);
      const gone = Array.from({ length: 100 }, () =>
        fetch(`${service.url}/work/normal`, { signal: leaving }).catch(() => {}),
      );
      await Promise.all(gone);
    }
    const after = await quiet();
    for (const kind of ["listeners", "timers"] as const)
      assert.ok(after[kind] <= before[kind], `${kind}: ${after[kind]}`);
    await eventually("every connection back in the pool", async () => {
      const health = healthResponse.parse(await (await fetch(`${service.url}/health`)).json());
      const { used, waiting } = health.dependencies.database.connections;
      return used === 0 && waiting === 0;
    });
    const statuses = await Promise.all(
      Array.from({ length: 10 }, async () => (await fetch(`${service.url}/work/normal`)).status),
    );
    assert.deepEqual(new Set(statuses), new Set([200]), "all ten slots are free");
    await service.stop();
  });
});
