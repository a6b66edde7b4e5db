// The traffic generator produces something of each kind within a minute.
import assert from "node:assert/strict";
import { serviceName } from "../../../scripts/bootstrap/package.js";
import { compose } from "../compose.ts";
import { eventually } from "../eventually.ts";
import { type Span, searchTraces } from "../jaeger.ts";
import { countedRequests } from "../request-count.ts";
import { sentCount } from "../service.ts";

/** From the start of the generator, for all tests in this file. */
const withinS = 75;
const cachedList = "/api/optimized/automations/marketplace";

/** Finds traces of the generator that are `what`; rejects without any. */
async function expectTraces(what: string, parameters: Record<string, string>, fits: (spans: Span[]) => boolean) {
  const tags = JSON.stringify({ "user_agent.original": "traffic-generator" });
  await eventually(withinS, async () => {
    const traces = await searchTraces({ service: serviceName, tags, ...parameters });
    assert.ok(traces.some(fits), `none of ${traces.length} traces is ${what}`);
  });
}

const server = (spans: Span[]) => spans.find((span) => span.tags.get("span.kind") === "server");

describe("stack: traffic generator", () => {
  it("sends nothing while it is off", async () => {
    const route = "/api/automations/marketplace";
    await eventually(30, async () =>
      assert.equal(await countedRequests("GET", route, 200), sentCount("GET", route, 200)),
    );
  });

  describe("when it is on", () => {
    before("switch it on", async () => {
      await compose(["up", "--detach", "--no-deps", "traffic"], { TRAFFIC: "on" });
    });

    after("switch it off", async () => {
      await compose(["up", "--detach", "--no-deps", "traffic"], { TRAFFIC: "off" });
    });

    it("makes slow requests", () => expectTraces("slow", { minDuration: "1s" }, () => true));

    it("makes errors", () =>
      expectTraces("an error", {}, (spans) => Number(server(spans)?.tags.get("http.response.status_code")) >= 500));

    it("makes cache hits", () =>
      expectTraces(
        "a cache hit",
        { operation: `GET ${cachedList}` },
        (spans) => server(spans)?.tags.get("http.response.status_code") === 200 && spans.length === 1,
      ));
  });
});
