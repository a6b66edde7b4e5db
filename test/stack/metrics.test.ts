// Prometheus has the requests that were sent, with their number and route.
import assert from "node:assert/strict";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { paths } from "../support/fixture/routes.ts";
import { eventually } from "./eventually.ts";
import { labelValues, query, value } from "./prometheus.ts";
import { countedRequests } from "./request-count.ts";
import { createItem, get, routes, send, sentCount } from "./service.ts";

/** How long a metric may take to reach Prometheus. */
const withinS = 30;

describe("stack: metrics", () => {
  before("send some requests", async () => {
    await Promise.all([
      ...Array.from({ length: 20 }, (_, index) =>
        send({ route: routes.items, path: `${paths.items}?limit=${index + 1}` }),
      ),
      ...[1, 2, 3, 4, 5, 6, 7].map(get),
      ...["/", "/api/unknown", "/.env"].map((path) => send({ route: "unmatched", path })),
    ]);
    const unauthorized = { route: routes.item, path: paths.item, apiKey: "wrong" };
    assert.equal((await send(unauthorized)).status, 401);
    await createItem("fast");
  });

  for (const [method, route, status] of [
    ["GET", routes.items, 200],
    ["GET", routes.item, 200],
    ["GET", routes.item, 401],
    ["POST", routes.items, 201],
    ["GET", "unmatched", 404],
  ] as const) {
    it(`counts exactly the requests that ${method} ${route} with status ${status}`, async () => {
      await eventually(withinS, async () => {
        assert.ok(sentCount(method, route, status) > 0);
        assert.equal(await countedRequests(method, route, status), sentCount(method, route, status));
      });
    });
  }

  it("shows the first request of a kind in a rate", async () => {
    const gone = { method: "DELETE", route: routes.item, path: `${paths.items}/999999999` };
    assert.equal((await send(gone)).status, 404);
    const first = 'http_request_method="DELETE", http_response_status_code="404"';
    await eventually(withinS, async () => {
      assert.ok((await value(`sum(rate(http_server_request_duration_seconds_count{${first}}[1m]))`)) > 0);
    });
  });

  it("has only the API's routes and one for all unknown paths", async () => {
    const known = new Set([...Object.values(routes), "/health/ready", "unmatched"]);
    const found = await labelValues("http_server_request_duration_seconds_count", "http_route");
    assert.deepEqual(
      found.filter((route) => !known.has(route)),
      [],
    );
    assert.ok(found.includes("unmatched"));
  });

  it("has the service, its instance and its environment on every series", async () => {
    const [series, ...more] = await query(
      "count by (service_name, service_instance_id, deployment_environment_name) (http_server_request_duration_seconds_count)",
    );
    assert.ok(series);
    assert.deepEqual(more, []);
    assert.equal(series.labels.service_name, serviceName);
    assert.equal(series.labels.deployment_environment_name, "development");
    assert.ok(series.labels.service_instance_id);
  });

  it("counts and times one query per uncached list", async () => {
    const lists = sentCount("GET", routes.items, 200);
    await eventually(withinS, async () => {
      assert.equal(
        await value('sum(db_client_operation_duration_seconds_count{db_query_summary="items.list"})'),
        lists,
      );
    });
  });

  it("has the pool's limit, its connections and the wait for one", async () => {
    await eventually(withinS, async () => {
      assert.equal(await value("db_client_connection_max"), 15);
      const open = await query("db_client_connection_count");
      assert.deepEqual(open.map(({ labels }) => labels.db_client_connection_state).sort(), ["idle", "used"]);
      const total = open.reduce((sum, { value }) => sum + value, 0);
      assert.ok(total >= 1 && total <= 15, `${total} open connections`);
      assert.equal(await value("db_client_connection_pending_requests"), 0);
      assert.equal(await value("db_client_connection_timeouts_total"), 0);
      // One wait per query, and one per transaction, for its BEGIN.
      const inTransaction = 'db_query_summary=~"calls.update|items.count_call|COMMIT|ROLLBACK"';
      assert.equal(
        await value("sum(db_client_connection_wait_time_seconds_count)"),
        (await value("sum(db_client_operation_duration_seconds_count)")) -
          (await value(`sum(db_client_operation_duration_seconds_count{${inTransaction}})`)),
      );
    });
  });

  it("measures the runtime: memory and event loop", async () => {
    assert.ok((await query("v8js_memory_heap_used_bytes")).length > 0);
    assert.ok((await query("nodejs_eventloop_delay_p99_seconds")).length > 0);
  });

  it("counts as many server spans as requests", async () => {
    // On a busy machine, the queue refuses some of them.
    const expected = sentCount("GET", routes.items, 200) + sentCount("GET", routes.items, 503);
    const spans = `traces_span_metrics_duration_seconds_count{span_kind="SPAN_KIND_SERVER", span_name="GET ${routes.items}"}`;
    await eventually(withinS, async () => assert.equal(await value(`sum(${spans})`), expected));
  });
});
