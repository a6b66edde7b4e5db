import assert from "node:assert/strict";
import { once } from "node:events";
import { BatchSpanProcessor, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { spanProcessorsFromEnvironment } from "../../../src/platform/telemetry/span-processors.ts";

/** The classes of the processors with `variables` in the environment, which is restored afterwards. */
async function kindsWith(variables: Record<string, string>) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    const processors = await spanProcessorsFromEnvironment();
    await Promise.all(processors.map((processor) => processor.shutdown()));
    return processors.map((processor) => processor.constructor);
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

describe("spanProcessorsFromEnvironment", () => {
  it("creates the processors that OTEL_TRACES_EXPORTER names, otlp by default", async () => {
    for (const [names, kinds] of [
      ["", [BatchSpanProcessor]],
      ["otlp", [BatchSpanProcessor]],
      ["console, otlp, console", [SimpleSpanProcessor, BatchSpanProcessor]],
      ["none", []],
      ["otlp,none", []],
    ] as const) {
      assert.deepEqual(await kindsWith({ OTEL_TRACES_EXPORTER: names }), kinds, names);
    }
    for (const protocol of ["grpc", "http/json", "http/protobuf"])
      assert.deepEqual(await kindsWith({ OTEL_EXPORTER_OTLP_PROTOCOL: protocol }), [BatchSpanProcessor], protocol);
  });

  it("warns about values that it ignores, as the SDK does", async () => {
    for (const [name, value, count] of [
      ["OTEL_TRACES_EXPORTER", "carbon", 0],
      ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "smoke-signals", 1],
      ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0", 1],
      ["OTEL_BSP_EXPORT_TIMEOUT", "-1", 1],
    ] as const) {
      const warned = once(process, "warning");
      assert.equal((await kindsWith({ [name]: value })).length, count);
      const [warning] = await warned;
      assert.match(String(warning), new RegExp(`${name}: got ${value}, accepts .+; ignored`));
    }
  });
});
