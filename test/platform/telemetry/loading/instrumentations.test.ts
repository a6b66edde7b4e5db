import assert from "node:assert/strict";
import { bundledInstrumentations } from "../../../../src/platform/telemetry/loading/instrumentations.ts";
import { evaluate } from "../../../support/evaluate.ts";

/** Returns the instrumentations loaded by a process that starts telemetry and then runs `script`. */
async function loadedWith(script: string, env: Record<string, string> = {}): Promise<string[]> {
  const { modules } = await evaluate(script, env, { telemetry: true });
  const names = modules.map((url) => /@opentelemetry\/instrumentation-([^/]+)\//.exec(url)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].toSorted();
}

const nodeOnly = ["http", "runtime-node", "undici"];

describe("instrument", () => {
  it("knows the libraries that each instrumentation of the bundle patches", async () => {
    const script = `
      import { getNodeAutoInstrumentations } from "@opentelemetry/auto-instrumentations-node";
      const enabled = { enabled: true };
      const all = getNodeAutoInstrumentations({
        "@opentelemetry/instrumentation-fs": enabled,
        "@opentelemetry/instrumentation-host-metrics": enabled,
      });
      const patched = all.map((instrumentation) => [
        instrumentation.instrumentationName.replace("@opentelemetry/instrumentation-", ""),
        [...new Set(instrumentation.getModuleDefinitions().map(({ name }) => name))],
      ]);
      console.log(JSON.stringify(patched));`;
    const { output } = await evaluate(script);
    const patched = new Map<string, string[]>(JSON.parse(output));
    const known = bundledInstrumentations();
    assert.ok(known.size > 30);
    for (const [name, libraries] of known) assert.deepEqual([...libraries].sort(), patched.get(name)?.sort(), name);
    assert.equal(known.size, patched.size);
  });

  it("loads only Node's instrumentations at startup", async () => {
    assert.deepEqual(await loadedWith(""), nodeOnly);
  });

  it("loads an instrumentation with its library, imported or required, directly or by another library", async () => {
    assert.deepEqual(await loadedWith(`await import("knex")`), [...nodeOnly, "knex"].toSorted());
    const required = `process.getBuiltinModule("module").createRequire("${import.meta.filename}")`;
    assert.deepEqual(await loadedWith(`${required}("ioredis")`), [...nodeOnly, "ioredis"].toSorted());
    assert.deepEqual(await loadedWith(`await import("./src/platform/log.ts")`), [...nodeOnly, "pino"].toSorted());
  });

  it("loads no instrumentation that the service has turned off", async () => {
    assert.deepEqual(await loadedWith(`await import("koa"); await import("mysql2")`), nodeOnly);
  });

  it("honours OTEL_NODE_ENABLED_INSTRUMENTATIONS and OTEL_NODE_DISABLED_INSTRUMENTATIONS", async () => {
    const script = `await import("knex"); await import("pino")`;
    const only = { OTEL_NODE_ENABLED_INSTRUMENTATIONS: "http, pino" };
    assert.deepEqual(await loadedWith(script, only), ["http", "pino"]);
    const without = { OTEL_NODE_DISABLED_INSTRUMENTATIONS: "knex,undici" };
    assert.deepEqual(await loadedWith(script, without), ["http", "pino", "runtime-node"]);
    assert.deepEqual(await loadedWith(script, { ...only, ...without }), ["http", "pino"]);
    const hostMetrics = { OTEL_NODE_ENABLED_INSTRUMENTATIONS: "host-metrics" };
    assert.deepEqual(await loadedWith(script, hostMetrics), ["host-metrics"]);
  });

  it("loads none with OTEL_SDK_DISABLED", async () => {
    assert.deepEqual(await loadedWith(`await import("knex")`, { OTEL_SDK_DISABLED: "true" }), []);
  });
});
