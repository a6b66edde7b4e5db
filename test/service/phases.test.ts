// Makes real requests slow in one phase at a time, on the real database, and checks that the service reports that phase.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Phase, phases } from "../../src/platform/request/phases.ts";
import { addressOf, eventually, startService } from "../support/helper.ts";
import { publicRoute } from "../support/public-route.ts";

type Service = Awaited<ReturnType<typeof startService>>;

/** Parses the `Server-Timing` header: milliseconds by phase. */
function timingOf(response: Response): Map<Phase, number> {
  const header = response.headers.get("server-timing") ?? "";
  return new Map(
    header.split(", ").map((entry) => {
      const [, name, ms] = /^(\w+);dur=([\d.]+)$/.exec(entry) ?? [];
      const phase = phases.find((known) => known === name);
      assert.ok(phase !== undefined, `"${entry}" in "${header}"`);
      return [phase, Number(ms)];
    }),
  );
}

function longestPhase(response: Response): Phase | undefined {
  return [...timingOf(response)].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("the phases of a request", () => {
  let service: Service;
  afterEach(() => service.stop());

  const get = (path: string) => fetch(service.url + path);

  it("add up to its duration in the header, and appear in the log line of a slow request", async () => {
    service = await startService({
      env: { SLOW_REQUEST_MS: "100" },
      routes: (database) => [publicRoute("/slow", () => database.query("slow", "SELECT SLEEP(0.2)"))],
    });
    await get("/slow");
    const startedAt = performance.now();
    const response = await get("/slow");
    const tookMs = performance.now() - startedAt;
    const sumMs = [...timingOf(response).values()].reduce((sum, ms) => sum + ms, 0);
    assert.ok(sumMs >= 199 && sumMs <= tookMs + 1, `${sumMs} of ${tookMs} ms`);
    assert.equal(longestPhase(response), "query");
    const [line] = service.log.filter(({ msg }) => msg === "slow request");
    const { query = 0 }: { query?: number } = Object(line?.phases);
    assert.ok(query >= 199, JSON.stringify(line));
    assert.ok(Number(line?.durationMs) >= query);
  });

  it("include queries that run without the request's deadline", async () => {
    service = await startService({ items: 100, env: { FIXTURE_FRESH_MS: "1" } });
    const response = await get("/api/fixture/cached");
    assert.ok((timingOf(response).get("query") ?? 0) > 0);
  });

  it("show the pool when it is exhausted", async () => {
    service = await startService({
      env: { DB_POOL_LIMIT: "1", DB_POOL_MAX_IDLE: "1" },
      routes: (database) => [publicRoute("/slow", () => database.query("slow", "SELECT SLEEP(0.15)"))],
    });
    const [first, second] = await Promise.all([get("/slow"), get("/slow"), get("/slow")]);
    assert.ok(first && second);
    const all = await Promise.all([get("/slow"), get("/slow"), get("/slow")]);
    const pooled = all.filter((response) => longestPhase(response) === "pool");
    assert.ok(pooled.length >= 1, "the third waits twice as long as its query takes");
    const refused = await Promise.all(Array.from({ length: 6 }, () => get("/slow")));
    const timedOut = refused.filter(({ status }) => status === 504);
    assert.ok(timedOut.length > 0);
    for (const response of timedOut) assert.equal(longestPhase(response), "pool");
  });

  it("show the queue when there are too many requests", async () => {
    service = await startService({
      env: { ADMISSION_LIMIT: "1" },
      routes: (database) => [publicRoute("/slow", () => database.query("slow", "SELECT SLEEP(0.2)"))],
    });
    const all = await Promise.all(Array.from({ length: 4 }, () => get("/slow")));
    const refused = all.filter(({ status }) => status === 503);
    assert.ok(refused.length >= 2);
    for (const response of refused) assert.equal(longestPhase(response), "queue");
  });

  it("show the outbound call when the called service is slow", async () => {
    const slow = createServer((_, response) => {
      setTimeout(() => response.end(), 200);
    }).listen(0, "127.0.0.1");
    service = await startService();
    const created = await service.call("POST", "/api/fixture/items", {
      name: "Slow",
      url: addressOf(slow.address()),
    });
    const response = await service.call("POST", `${created.headers.get("location")}/calls`);
    assert.equal(response.status, 201);
    assert.equal(longestPhase(response), "outbound");
    const timing = timingOf(response);
    for (const phase of ["auth", "query"] as const) assert.ok(timing.has(phase), phase);
    slow.close();
    slow.closeAllConnections();
  });

  it("show `loop` for a request that another one blocks, and `own` for the blocking one", async () => {
    service = await startService({
      routes: (database) => [
        publicRoute("/block", async () => block(600)),
        publicRoute("/waits", () => database.query("waits", "SELECT SLEEP(0.25)")),
      ],
    });
    await Promise.all([get("/waits"), get("/block")]);
    const waits = get("/waits");
    await eventually("its query", () => service.database.state().used === 1);
    const blocks = await get("/block");
    assert.equal(longestPhase(blocks), "own");
    assert.equal(timingOf(blocks).get("loop"), undefined);
    assert.equal(longestPhase(await waits), "loop");
  });

  it("are hidden from clients with SERVER_TIMING=off", async () => {
    service = await startService({ env: { SERVER_TIMING: "off" } });
    assert.equal((await get("/health/live")).headers.get("server-timing"), null);
  });

  it("end with the response, even if the handler keeps running", async () => {
    service = await startService({
      env: {
        DEADLINE_MS: "200",
        DB_QUERY_TIMEOUT_MS: "150",
        DB_POOL_WAIT_MS: "100",
        ADMISSION_WAIT_MS: "100",
        OUTBOUND_TIMEOUT_MS: "150",
        OUTBOUND_CONNECT_TIMEOUT_MS: "100",
      },
      routes: () => [publicRoute("/sleeps", () => sleep(3000))],
    });
    const response = await get("/sleeps");
    assert.equal(response.status, 504);
    const sumMs = [...timingOf(response).values()].reduce((sum, ms) => sum + ms, 0);
    assert.ok(sumMs >= 195 && sumMs < 2900, `${sumMs} ms`);
    await sleep(3000);
    assert.deepEqual(
      service.log.filter(({ level }) => level === "error"),
      [],
    );
  });
});
