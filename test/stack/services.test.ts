// The containers are healthy, locked down and within their memory limits.
import assert from "node:assert/strict";
import { compose, container } from "./compose.ts";
import { eventually } from "./eventually.ts";

const services = ["app", "mysql", "otel-collector", "jaeger", "prometheus", "traffic", "webhook"];
const withHealthCheck = ["app", "mysql", "prometheus", "webhook"];

describe("stack: services", () => {
  for (const service of services) {
    it(`runs ${service}${withHealthCheck.includes(service) ? ", healthy" : ""}, without a restart`, async () => {
      const { State, RestartCount } = await container(service);
      assert.equal(State.Status, "running");
      assert.equal(RestartCount, 0);
      assert.equal(State.Health?.Status, withHealthCheck.includes(service) ? "healthy" : undefined);
    });
  }

  // Their images have no shell for a health check, so another container requests it.
  for (const [service, path] of [
    ["otel-collector", "/"],
    ["jaeger", "/status"],
  ] as const) {
    it(`gets a healthy response from ${service}`, async () => {
      const ask = `fetch("http://${service}:13133${path}").then((answer) => console.log(answer.status))`;
      await eventually(10, async () => {
        assert.equal((await compose(["exec", "-T", "app", "node", "-e", ask])).trim(), "200");
      });
    });
  }

  it("limits its containers to less than 2 GiB together", async () => {
    const file = await compose(["config"]);
    const limits = [...file.matchAll(/mem_limit: "(\d+)"/g)].map(([, bytes]) => Number(bytes));
    assert.equal(limits.length, 8);
    assert.ok(limits.reduce((sum, bytes) => sum + bytes, 0) < 2 ** 31);
  });

  it("publishes ports only on this machine's loopback address", async () => {
    const file = await compose(["config"]);
    const published = file.match(/published:/g) ?? [];
    assert.equal(published.length, 6);
    assert.equal((file.match(/host_ip: 127\.0\.0\.1/g) ?? []).length, published.length);
  });

  it("runs the service as process 1, without privileges, on a read-only filesystem", async () => {
    const status = await compose(["exec", "-T", "app", "cat", "/proc/1/status"]);
    const fields = new Map(status.split("\n").map((line) => [line.split(":", 1)[0], line.replace(/^\w+:\s*/, "")]));
    assert.match(fields.get("Name") ?? "", /^(node|MainThread)$/);
    assert.equal(fields.get("Uid"), "1000\t1000\t1000\t1000");
    assert.equal(fields.get("CapBnd"), "0000000000000000");
    assert.equal(fields.get("NoNewPrivs"), "1");
    await assert.rejects(compose(["exec", "-T", "app", "touch", "/app/file"]), /Read-only file system/);
  });
});
