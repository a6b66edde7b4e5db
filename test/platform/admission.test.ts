import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import Koa from "koa";
import { admission } from "../../src/platform/admission.ts";
import type { RequestState } from "../../src/platform/http.ts";
import { Problem, problemDetails } from "../../src/platform/problem.ts";
import { AdmissionQueue } from "../../src/platform/queue.ts";
import { addressOf, silent } from "../helper.ts";

describe("admission", () => {
  it("does not run the handler of a request that ends just as its turn comes, and gives the turn back", async () => {
    const ending = new AbortController();
    class LateQueue extends AdmissionQueue {
      override async enter(...[priority, signal]: Parameters<AdmissionQueue["enter"]>) {
        const place = await super.enter(priority, signal);
        ending.abort(new Problem("deadline_exceeded"));
        return place;
      }
    }
    const queue = new LateQueue({ limit: 1, waiting: 1, waitMs: 1000, newestFirstAfterMs: 100 });
    let handled = 0;
    const app = new Koa<RequestState>();
    app.use(problemDetails(silent));
    app.use(async function context(ctx, next) {
      ctx.state.deadline = { signal: ending.signal, remainingMs: () => 0 };
      await next();
    });
    app.use(admission(queue)).use(() => {
      handled += 1;
    });
    const server = createServer(app.callback()).listen(0, "127.0.0.1");
    await once(server, "listening");
    assert.equal((await fetch(addressOf(server.address()))).status, 504);
    assert.equal(handled, 0);
    assert.deepEqual(queue.state().running, { high: 0, normal: 0, low: 0 });
    server.close();
    server.closeAllConnections();
  });
});
