import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate } from "../../../support/evaluate.ts";
import { addressOf } from "../../../support/helper.ts";
import { startOtlpReceiver } from "../../../support/otlp-receiver.ts";

/** Creates and sends a span, a measurement and a log record. */
const script = `
  import { logs, metrics, trace } from "@opentelemetry/api";
  import { telemetry } from "./src/telemetry.ts";
  trace.getTracer("test").startSpan("made").end();
  metrics.getMeter("test").createCounter("counted").add(1);
  logs.getLogger("test").emit({ body: "logged" });
  await telemetry.shutdown();`;
const lazyParts = ["@grpc/", "-grpc/", "exporter-prometheus/", "exporter-zipkin/", "@opentelemetry/configuration/"];

/** Returns the lazily loaded parts of the SDK that the script loads. */
async function partsLoaded(env: Record<string, string>): Promise<string[]> {
  const { modules } = await evaluate(script, env, { telemetry: true });
  return lazyParts.filter((part) => modules.some((url) => url.includes(part)));
}

/** Accepts everything over gRPC; `calls` lists the called services. */
async function startGrpcCollector() {
  const calls: (string | undefined)[] = [];
  const server = createHttp2Server().listen(0, "127.0.0.1");
  server.on("stream", (stream, headers) => {
    calls.push(/^\/opentelemetry\.proto\.collector\.(.+)\/Export$/.exec(headers[":path"] ?? "")?.[1]);
    stream.resume();
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    // An empty message.
    stream.end(Buffer.alloc(5));
  });
  await once(server, "listening");
  return { calls, url: addressOf(server.address()), stop: () => server.close() };
}

describe("the SDK", () => {
  it("is loaded without its less common parts", async () => {
    const receiver = await startOtlpReceiver();
    assert.deepEqual(await partsLoaded(receiver.env), []);
    assert.equal(receiver.spans.find((span) => span.name === "made")?.name, "made");
    assert.equal(receiver.points("counted").length, 1);
    receiver.stop();
  });

  it("sends over gRPC when configured to", async () => {
    const collector = await startGrpcCollector();
    const endpoint = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    assert.deepEqual(await partsLoaded({ ...endpoint, OTEL_LOGS_EXPORTER: "otlp" }), ["@grpc/", "-grpc/"]);
    const services = ["logs.v1.LogsService", "metrics.v1.MetricsService", "trace.v1.TraceService"];
    assert.deepEqual(collector.calls.toSorted(), services);
    collector.stop();
  });

  it("follows the file of OTEL_CONFIG_FILE", async () => {
    const paths: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url);
      response.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const collector = await startGrpcCollector();
    const folder = await mkdtemp(join(tmpdir(), "otel-"));
    const file = join(folder, "otel.yaml");
    const text = `file_format: "1.0"
tracer_provider:
  processors:
    - batch: { exporter: { otlp_http: { endpoint: "${addressOf(server.address())}/from-the-file" } } }
    - batch: { exporter: { otlp_grpc: { endpoint: "${collector.url}", headers: [{ name: key, value: a }] } } }
`;
    await writeFile(file, text);
    const loaded = await partsLoaded({ OTEL_CONFIG_FILE: file });
    assert.deepEqual(loaded, ["@grpc/", "-grpc/", "@opentelemetry/configuration/"]);
    assert.deepEqual(paths, ["/from-the-file"]);
    assert.deepEqual(collector.calls, ["trace.v1.TraceService"]);
    await rm(folder, { recursive: true });
    server.close();
    collector.stop();
  });
});
