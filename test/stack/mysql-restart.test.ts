// The database goes down and comes back: meanwhile cached pages are served and the rest is refused properly, and afterwards
// everything works again in the same process.
import assert from "node:assert/strict";
import { compose, container } from "./compose.ts";
import { eventually } from "./eventually.ts";
import { query } from "./prometheus.ts";
import { get, routes, type Sent, send } from "./service.ts";

const { items: list, cached: cachedList } = routes;

/** Changes when the service's process is replaced. */
interface Process {
  startedAt: string;
  instances: string[];
}

describe("stack: restart of MySQL", () => {
  const cached: Sent[] = [];
  const uncached: Sent[] = [];
  let process: Process;
  let ready: Sent;

  before("stop the database, send requests, start it again", async () => {
    process = await serviceProcess();
    assert.equal((await send({ route: cachedList })).status, 200);
    await compose(["stop", "mysql"]);
    // Until the cached page is older than 5 s, so that it can only be served stale.
    await eventually(20, async () => {
      cached.push(await send({ route: cachedList }));
      assert.ok(Number(cached.at(-1)?.headers.get("age")) >= 6);
    });
    uncached.push(await send({ route: list }), await get(1));
    ready = await send({ route: "/health/ready" });
    await compose(["start", "mysql"]);
  });

  it("serves the cached page during the outage", () => {
    assert.deepEqual(new Set(cached.map(({ status }) => status)), new Set([200]));
    assert.equal(cached.at(-1)?.headers.get("x-cache"), "stale");
  });

  it("refuses requests that need the database with problem details", () => {
    for (const { status, headers, body, traceId } of uncached) {
      assert.ok(status === 503 || status === 504, `status ${status}`);
      assert.equal(headers.get("content-type"), "application/problem+json");
      assert.deepEqual(body, { ...Object(body), status, traceId });
    }
  });

  it("reports that it is not ready", () => {
    assert.equal(ready.status, 503);
  });

  it("works again within seconds, without a restart", async () => {
    await eventually(20, async () => {
      assert.equal((await send({ route: list })).status, 200);
      assert.equal((await send({ route: "/health/ready" })).status, 200);
    });
    assert.deepEqual(await serviceProcess(), process);
  });

  it("refreshes the cached page", async () => {
    await eventually(10, async () => {
      const { headers } = await send({ route: cachedList });
      assert.ok(Number(headers.get("age")) < 5);
    });
  });
});

async function serviceProcess(): Promise<Process> {
  const { State } = await container("app");
  const instances = await query("count by (service_instance_id) (http_server_request_duration_seconds_count)");
  return { startedAt: State.StartedAt, instances: instances.map(({ labels }) => labels.service_instance_id ?? "") };
}
