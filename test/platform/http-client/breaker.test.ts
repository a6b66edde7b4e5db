import assert from "node:assert/strict";
import { eventually, freePort } from "../../helper.ts";
import { clientWith, dependency, ok } from "./dependency.ts";

const breaker = { failures: 3, resetMs: 500, probeTimeoutMs: 1000 };

describe("an origin that is down", () => {
  it("is not called any more, is tried once after a while, and called again when that went well", async () => {
    const client = clientWith({ breaker });
    let calls = 0;
    let well = false;
    const there = await dependency((socket) => {
      calls += 1;
      if (well) ok(socket);
      else socket.write("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
    });
    for (let call = 0; call < 3; call++)
      assert.equal((await client.request(there.url)).status, 500, "an answer all the same");
    await assert.rejects(client.request(there.url), { type: "breaker_open", status: 503 });
    assert.deepEqual(client.breakerStates(), { closed: 0, "half-open": 0, open: 1 });
    assert.equal(calls, 3);

    well = true;
    await eventually("half-open", () => client.breakerStates()["half-open"] === 1);
    const tried = await Promise.allSettled(Array.from({ length: 100 }, () => client.request(there.url)));
    assert.equal(tried.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal(calls, 4);
    assert.equal((await client.request(there.url)).status, 200);
    assert.deepEqual(client.breakerStates(), { closed: 1, "half-open": 0, open: 0 });
    await client.close();
    await there.stop();
  });

  it("is told from others, and from other ports of its host", async () => {
    const client = clientWith({ breaker });
    const there = await dependency((socket) => ok(socket));
    const down = `http://127.0.0.1:${await freePort()}`;
    for (let call = 0; call < 3; call++) await assert.rejects(client.request(down), { type: "dependency_failed" });
    await assert.rejects(client.request(down), { type: "breaker_open" });
    assert.equal((await client.request(there.url)).status, 200);
    await client.close();
    await there.stop();
  });

  it("is not what answers with 4xx, what may not be called, or what a client did not wait for", async () => {
    const client = clientWith({ breaker: { ...breaker, failures: 1 } });
    const there = await dependency((socket) => socket.write("HTTP/1.1 429 No\r\ncontent-length: 0\r\n\r\n"));
    for (let call = 0; call < 3; call++) assert.equal((await client.request(there.url)).status, 429);
    for (let call = 0; call < 3; call++) {
      await assert.rejects(client.request("http://10.0.0.1/"), { type: "destination_refused" });
    }
    assert.deepEqual(client.breakerStates(), { closed: 1, "half-open": 0, open: 0 });
    await client.close();
    await there.stop();
  });

  it("is remembered for the 500 that were called last, and no more", async () => {
    const names = Array.from({ length: 700 }, (_, index) => `http://host-${index}.invalid`);
    const client = clientWith({ breaker, lookup: (_name, _options, done) => done(new Error("no such name"), []) });
    for (const name of names) await assert.rejects(client.request(name), { type: "dependency_failed" });
    assert.deepEqual(client.breakerStates(), { closed: 500, "half-open": 0, open: 0 });
    await client.close();
  });
});
