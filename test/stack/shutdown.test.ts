// On SIGTERM the service finishes and reports running requests, then exits by itself, in time.
import assert from "node:assert/strict";
import { compose, container } from "./compose.ts";
import { eventually } from "./eventually.ts";
import { findTrace } from "./jaeger.ts";
import { call, createItem, type Sent } from "./service.ts";

/** stop_grace_period in docker-compose.yml, after which Docker kills the process. */
const graceS = 15;

describe("stack: stop of the service", () => {
  let running: PromiseSettledResult<Sent>;
  let tookS: number;

  before("stop the service while a request runs", async () => {
    const id = await createItem("slow");
    const startedAt = performance.now();
    // The call takes 1.2 s, so the signal arrives while the request waits.
    [running] = await Promise.allSettled([call(id), compose(["stop", "app"])]);
    tookS = (performance.now() - startedAt) / 1000;
  });

  after("start it again", async () => {
    await compose(["up", "--detach", "--wait", "--wait-timeout", "120", "app"]);
  });

  it("finishes the running request", () => {
    if (running.status === "rejected") throw running.reason;
    assert.equal(running.value.status, 201);
  });

  it("exits with 0 in time", async () => {
    const { State } = await container("app");
    assert.equal(State.Status, "exited");
    assert.equal(State.ExitCode, 0);
    assert.equal(State.OOMKilled, false);
    assert.ok(tookS < graceS, `took ${tookS} s`);
  });

  it("has sent the trace of its last request", async () => {
    if (running.status === "rejected") throw running.reason;
    const { traceId } = running.value;
    await eventually(25, async () => assert.equal((await findTrace(traceId)).length, 9));
  });
});
