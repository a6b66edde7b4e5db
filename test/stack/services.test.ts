// The containers are healthy, locked down and within their memory limits.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compose, configured, container, docker } from "./compose.ts";
import { eventually } from "./eventually.ts";

const services = Object.keys(configured).filter((name) => name !== "grafana");
const withHealthCheck = services.filter((name) => configured[name]?.healthcheck !== undefined);

describe("stack: services", () => {
  it("are all there, with a health check wherever the image has a shell", () => {
    for (const service of ["app", "mysql", "prometheus"]) assert.ok(withHealthCheck.includes(service), service);
    for (const service of ["otel-collector", "jaeger", "victoria-logs"]) {
      assert.ok(services.includes(service) && !withHealthCheck.includes(service), service);
    }
  });

  for (const service of services) {
    it(`runs ${service}${withHealthCheck.includes(service) ? ", healthy" : ""}, without a restart`, async () => {
      const { State, RestartCount } = await container(service);
      assert.equal(State.Status, "running");
      assert.equal(RestartCount, 0);
      assert.equal(State.Health?.Status, withHealthCheck.includes(service) ? "healthy" : undefined);
    });
  }

  it("can migrate with the service's image", async () => {
    const status = await compose(["exec", "-T", "app", "node", "scripts/migrate.ts", "status"]);
    assert.match(status, /^\d+ migrations, 0 pending$/m);
  });

  // Their images have no shell for a health check, so another container requests it.
  for (const [service, port, path] of [
    ["otel-collector", 13133, "/"],
    ["jaeger", 13133, "/status"],
    ["victoria-logs", 9428, "/health"],
  ] as const) {
    it(`gets a healthy response from ${service}`, async () => {
      const ask = `fetch("http://${service}:${port}${path}").then((answer) => console.log(answer.status))`;
      await eventually(10, async () => {
        assert.equal((await compose(["exec", "-T", "app", "node", "-e", ask])).trim(), "200");
      });
    });
  }

  it("limits its containers to less than 2.2 GiB together, as docker-compose.yml says", async () => {
    const file = await readFile(join(import.meta.dirname, "../../docker-compose.yml"), "utf8");
    const sumOf = (text: string) =>
      [...text.matchAll(/mem_limit: (\d+)m/g)].reduce((total, [, mebibytes]) => total + Number(mebibytes), 0);
    assert.equal(file.match(/^ {2}[\w-]+:\n {4}<<:/gm)?.length, file.match(/mem_limit: \d+m/g)?.length);
    assert.ok(sumOf(file) < 2.2 * 1024);
    const withoutExample = file.replaceAll(/# example: begin.*?# example: end/gs, "");
    assert.equal(/limits add up to (\d+) MiB/.exec(file)?.[1], String(sumOf(withoutExample)));
  });

  it("runs its containers within their limits", async () => {
    const ids = (await compose(["ps", "--quiet"])).trim().split("\n");
    const used = await docker(["stats", "--no-stream", "--format", "{{.Name}} {{.MemPerc}}", ...ids]);
    const shares = used
      .trim()
      .split("\n")
      .map((text) => text.split(" "));
    assert.ok(shares.length >= services.length);
    for (const [name, share = ""] of shares)
      assert.ok(Number.parseFloat(share) < 95, `${name} uses ${share} of its limit`);
  });

  it("publishes ports only on this machine's loopback address", async () => {
    const file = await compose(["config"]);
    const published = file.match(/published:/g) ?? [];
    assert.equal(published.length, 7);
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
