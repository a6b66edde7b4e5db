import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { LookupFunction } from "node:net";
import { metrics } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { OnDemandReader } from "../../../src/platform/telemetry/metric-readers.ts";
import { addressOf, eventually, freePort } from "../../support/helper.ts";
import { clientWith, dependency, ok } from "./dependency.ts";

const breaker = { failures: 3, resetMs: 500, probeTimeoutMs: 1000 };

describe("a destination that fails", () => {
  it("gets no more calls, then one trial call, and all calls again once that succeeds", async () => {
    const client = clientWith({ breaker });
    let calls = 0;
    let healthy = false;
    const target = await dependency((socket) => {
      calls += 1;
      if (healthy) ok(socket);
      else socket.write("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
    });
    for (let call = 0; call < 3; call++)
      assert.equal((await client.request(target.url)).status, 500, "the caller still gets the response");
    await assert.rejects(client.request(target.url), { type: "breaker_open", status: 503 });
    assert.deepEqual(client.breakerStates(), { closed: 1, "half-open": 0, open: 1 });
    assert.equal(calls, 3);

    healthy = true;
    await eventually("half-open", () => client.breakerStates()["half-open"] === 1);
    const tried = await Promise.allSettled(Array.from({ length: 100 }, () => client.request(target.url)));
    assert.equal(tried.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal(calls, 4);
    assert.equal((await client.request(target.url)).status, 200);
    assert.deepEqual(client.breakerStates(), { closed: 1, "half-open": 0, open: 0 });
    await client.close();
    await target.stop();
  });

  it("does not cut off other URLs on its host, whether it sends 5xx, is late, or closes connections", async () => {
    const client = clientWith({ breaker });
    const server = createServer(({ url = "" }, response) => {
      if (url.startsWith("/fine")) response.end();
      else if (url.startsWith("/failing")) response.writeHead(500).end();
      else if (url.startsWith("/closing")) response.destroy();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = addressOf(server.address());
    const post = (path: string) => client.request(`${origin}/${path}`, { method: "POST" });
    for (const [path, type] of Object.entries({
      failing: "",
      closing: "dependency_failed",
      slow: "outbound_timeout",
    })) {
      for (let call = 0; call < 3; call++) {
        if (type === "") assert.equal((await post(path)).status, 500);
        else await assert.rejects(post(path), { type });
      }
      await assert.rejects(post(path), { type: "breaker_open" }, path);
      assert.equal((await post("fine")).status, 200, path);
      // Many receivers distinguish callers by the query string.
      const other = post(`${path}?of=another`);
      if (type === "") assert.equal((await other).status, 500);
      else await assert.rejects(other, { type });
    }
    await client.close();
    server.close();
    server.closeAllConnections();
  });

  it("opens the breaker of its whole origin when the host is ours", async () => {
    const client = clientWith({ breaker, isOwn: (hostname) => hostname === "127.0.0.1" });
    const target = await dependency((socket) => socket.write("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"));
    for (const path of ["a", "b", "c"]) assert.equal((await client.request(`${target.url}/${path}`)).status, 500);
    await assert.rejects(client.request(`${target.url}/d`), { type: "breaker_open" });
    assert.deepEqual(client.breakerStates(), { closed: 0, "half-open": 0, open: 1 });
    await client.close();
    await target.stop();
  });

  it("returns its response to each call that started before the breaker opened", async () => {
    const client = clientWith({ breaker, connections: 20 });
    const target = await dependency((socket) => socket.write("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"));
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await client.request(target.url)).status),
    );
    assert.deepEqual([...new Set(statuses)], [500]);
    await client.close();
    await target.stop();
  });
});

describe("an origin that is down", () => {
  it("does not affect other ports of its host", async () => {
    const client = clientWith({ breaker });
    const target = await dependency((socket) => ok(socket));
    const down = `http://127.0.0.1:${await freePort()}`;
    for (let call = 0; call < 3; call++) await assert.rejects(client.request(down), { type: "dependency_failed" });
    await assert.rejects(client.request(down), { type: "breaker_open" });
    assert.equal((await client.request(target.url)).status, 200);
    await client.close();
    await target.stop();
  });

  it("does not include origins that answer with 4xx, or that may not be called", async () => {
    const client = clientWith({ breaker: { ...breaker, failures: 1 } });
    const target = await dependency((socket) => socket.write("HTTP/1.1 429 No\r\ncontent-length: 0\r\n\r\n"));
    for (let call = 0; call < 3; call++) assert.equal((await client.request(target.url)).status, 429);
    for (let call = 0; call < 3; call++) {
      await assert.rejects(client.request("http://10.0.0.1/"), { type: "destination_refused" });
    }
    assert.deepEqual(client.breakerStates(), { closed: 1, "half-open": 0, open: 0 });
    await client.close();
    await target.stop();
  });

  it("is refused for all its paths, also when its name does not resolve", async () => {
    const patient = { ...breaker, resetMs: 60_000 };
    const client = clientWith({
      breaker: patient,
      lookup: (_name, _options, done) => done(new Error("no such name"), []),
    });
    for (let call = 0; call < 3; call++) {
      await assert.rejects(client.request(`http://down.example/${call}`), { type: "dependency_failed" });
    }
    await assert.rejects(client.request("http://down.example/other"), { type: "breaker_open" });
    await client.close();
  });

  it("is dropped once nobody calls it any more, so that no alert keeps firing", async () => {
    const client = clientWith({ breaker: { ...breaker, resetMs: 200 } });
    const down = `http://127.0.0.1:${await freePort()}`;
    for (let call = 0; call < 3; call++) await assert.rejects(client.request(down), { type: "dependency_failed" });
    assert.equal(client.breakerStates().open, 1);
    await eventually("the breaker is dropped", () => {
      const { open, "half-open": halfOpen } = client.breakerStates();
      return open + halfOpen === 0;
    });
    await client.close();
  });

  it("is one of at most 52 metric series, which drop to 0 when its breaker is evicted", async () => {
    const reader = new OnDemandReader();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const lookup: LookupFunction = (_name, _options, done) => done(new Error("no such name"), []);
    const client = clientWith({ breaker: { ...breaker, failures: 1, resetMs: 60_000 }, lookup });
    const states = async () => {
      const { resourceMetrics } = await reader.collect();
      const found = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
      const points = found.find(({ descriptor }) => descriptor.name === "breaker.state")?.dataPoints ?? [];
      return new Map(points.map(({ attributes, value }) => [String(attributes.breaker), value]));
    };
    const name = (index: number) => `http://${index}.${"x".repeat(index)}.invalid`;
    for (let index = 1; index <= 700; index++) {
      await assert.rejects(client.request(name(index)), { type: "dependency_failed" });
    }
    const found = await states();
    assert.equal(found.size, 51);
    assert.equal(found.get("_OTHER"), 2);
    assert.equal(found.get("http://1.x.invalid"), 0, "evicted by later ones");
    assert.ok([...found.keys()].every((label) => label.length <= 100));
    await client.close();
    metrics.disable();
  });

  it("keeps breakers only for the 500 most recently called origins", async () => {
    const names = Array.from({ length: 700 }, (_, index) => `http://host-${index}.invalid`);
    const patient = { ...breaker, resetMs: 60_000 };
    const client = clientWith({
      breaker: patient,
      lookup: (_name, _options, done) => done(new Error("no such name"), []),
    });
    for (const name of names) await assert.rejects(client.request(name), { type: "dependency_failed" });
    assert.deepEqual(client.breakerStates(), { closed: 500, "half-open": 0, open: 0 });
    await client.close();
  });
});
