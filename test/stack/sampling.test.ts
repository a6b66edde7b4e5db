// Which traces the collector keeps (tail_sampling in otel/collector.yaml) when it keeps a tenth of the ordinary ones.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { countBounds } from "./chance.ts";
import { type Collector, startCollector } from "./collector.ts";
import { eventually } from "./eventually.ts";
import { findTrace, tracesOf } from "./jaeger.ts";
import { type Attributes, newSpanId, newTraceId, sendSpans, type TestSpan } from "./otlp.ts";
import { query } from "./prometheus.ts";

const share = 0.1;
/** For each of the two shares, so these tests fail by chance once in 500,000 runs. */
const falseAlarm = 1e-6;
/** Unique per run. */
const service = `sampling-${randomBytes(4).toString("hex")}`;
const behind = `${service}-behind`;

/** A kind of trace. Metrics identify it by the route of its server span. */
interface Kind {
  count: number;
  spans(traceId: string, route: string): TestSpan[];
}

interface Answer {
  status: number;
  errorType?: string;
  durationMs?: number;
  failed?: boolean;
}

/** A server span with a query span below it. Like in the SDK, a 5xx sets the span's status to error. */
function answered(answer: Answer): Kind["spans"] {
  const { status, errorType, durationMs = 20, failed = status >= 500 } = answer;
  return (traceId, route) => {
    const server = newSpanId();
    const attributes = { "http.route": route, ...statusOf(status, errorType) };
    return [
      { traceId, id: server, name: `GET ${route}`, durationMs, failed, attributes },
      { traceId, parentId: server, name: "things.list", kind: "client", durationMs: 5 },
    ];
  };
}

function statusOf(status: number, errorType?: string): Attributes {
  return { "http.response.status_code": status, ...(errorType !== undefined && { "error.type": errorType }) };
}

/** A service that calls another: its own status, the status of the call, and the other service's span, if it reports one here. */
function called(own: Answer, call: Answer, other?: Answer): Kind["spans"] {
  return (traceId, route) => {
    const [server, client] = [newSpanId(), newSpanId()];
    const spans: TestSpan[] = [
      {
        traceId,
        id: server,
        name: `GET ${route}`,
        failed: own.status >= 500,
        attributes: { "http.route": route, ...statusOf(own.status, own.errorType) },
      },
      {
        traceId,
        id: client,
        parentId: server,
        name: "GET",
        kind: "client",
        failed: call.status >= 400,
        attributes: statusOf(call.status, String(call.status)),
      },
    ];
    if (other === undefined) return spans;
    const attributes = statusOf(other.status, other.errorType);
    const failed = other.status >= 500;
    return [...spans, { traceId, parentId: client, service: behind, name: "GET /behind", failed, attributes }];
  };
}

const refusals = ["queue_full", "shed", "rate_limited"];

const alwaysKept: Record<string, Kind> = {
  slow: { count: 50, spans: answered({ status: 200, durationMs: 1200 }) },
  "slow over two services": {
    count: 20,
    spans: (traceId, route) => [
      { traceId, name: `POST ${route}`, durationMs: 600, attributes: { "http.route": route } },
      { traceId, service: behind, name: "work", kind: "internal", startMs: 500, durationMs: 600 },
    ],
  },
  ...Object.fromEntries(
    ["pool_timeout", "query_timeout", "outbound_timeout", "deadline_exceeded"].map((errorType) => [
      errorType,
      { count: 20, spans: answered({ status: 504, errorType }) },
    ]),
  ),
  queue_timeout: { count: 20, spans: answered({ status: 503, errorType: "queue_timeout" }) },
  internal: { count: 20, spans: answered({ status: 500, errorType: "internal" }) },
  dependency_failed: { count: 20, spans: answered({ status: 503, errorType: "dependency_failed" }) },
  breaker_open: { count: 20, spans: answered({ status: 503, errorType: "breaker_open" }) },
  "5xx without an error in the span's status": { count: 20, spans: answered({ status: 500, failed: false }) },
  "error of a span below a good answer": {
    count: 20,
    spans: (traceId, route) => {
      const [server, query] = answered({ status: 200 })(traceId, route);
      assert.ok(server && query);
      return [server, { ...query, failed: true }];
    },
  },
  "failed call, good answer": { count: 20, spans: called({ status: 200 }, { status: 503 }) },
  "refused call, failed answer": {
    count: 20,
    spans: called({ status: 503, errorType: "dependency_failed" }, { status: 503 }, { status: 503, errorType: "shed" }),
  },
  "refusal, and an error elsewhere": {
    count: 20,
    spans: (traceId, route) => [
      ...answered({ status: 503, errorType: "queue_full" })(traceId, route),
      { traceId, service: behind, name: "work", kind: "internal", failed: true },
    ],
  },
};

const refused: Record<string, Kind> = {
  ...Object.fromEntries(
    refusals.map((errorType) => [
      errorType,
      { count: 400, spans: answered({ status: errorType === "rate_limited" ? 429 : 503, errorType }) },
    ]),
  ),
  "rate_limited, as an error": {
    count: 200,
    spans: answered({ status: 429, errorType: "rate_limited", failed: true }),
  },
  "refused call, good answer": {
    count: 200,
    spans: called({ status: 200 }, { status: 503 }, { status: 503, errorType: "queue_full" }),
  },
  "rate-limited call, good answer": {
    count: 200,
    spans: called({ status: 200 }, { status: 429 }, { status: 429, errorType: "rate_limited" }),
  },
};

const rest: Record<string, Kind> = {
  good: { count: 1200, spans: answered({ status: 200 }) },
  "not found": { count: 300, spans: answered({ status: 404, errorType: "not_found" }) },
  "almost slow": { count: 300, spans: answered({ status: 200, durationMs: 980 }) },
};

const tracesIn = (group: Record<string, Kind>) => Object.values(group).reduce((sum, { count }) => sum + count, 0);

const kinds = { ...alwaysKept, ...refused, ...rest };

describe("stack: which traces are kept", () => {
  let collector: Collector;
  const sent = new Map<string, string[]>();
  let spanCount = 0;
  let kept: Map<string, number>;

  const all = () => [...sent.values()].flat();
  const keptOf = (name: string) => (sent.get(name) ?? []).filter((traceId) => kept.has(traceId));
  const tooEarly = "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early";
  const decided = (sampled: boolean) =>
    collector.value("otelcol_processor_tail_sampling_global_count_traces_sampled", { sampled: String(sampled) });

  before(
    "send traces of every kind to a collector that keeps a tenth, until it has decided about all",
    async function () {
      this.timeout(120_000);
      collector = await startCollector(share * 100);
      const traces = Object.entries(kinds).flatMap(([name, { count, spans }]) =>
        Array.from({ length: count }, () => {
          const traceId = newTraceId();
          sent.set(name, [...(sent.get(name) ?? []), traceId]);
          return spans(traceId, name);
        }),
      );
      for (let from = 0; from < traces.length; from += 50) {
        const spans = traces.slice(from, from + 50).flat();
        spanCount += spans.length;
        await sendSpans(collector.url, { service }, spans);
      }
      await eventually(30, async () => {
        const lost = await collector.value(tooEarly);
        assert.equal((await decided(true)) + (await decided(false)) + lost, all().length);
      });
      const keptCount = await decided(true);
      kept = await eventually(30, async () => {
        const found = await tracesOf(service);
        assert.equal(found.size, keptCount, "not all kept traces are in Jaeger");
        return found;
      });
    },
  );

  after("stop the collector", () => collector.stop());

  it("loses nothing at this rate", async () => {
    assert.equal(await collector.value("otelcol_receiver_accepted_spans"), spanCount);
    for (const lost of [
      "otelcol_receiver_refused_spans",
      "otelcol_receiver_failed_spans",
      "otelcol_exporter_enqueue_failed_spans",
      "otelcol_exporter_send_failed_spans",
      tooEarly,
      "otelcol_processor_tail_sampling_sampling_policy_evaluation_error",
    ]) {
      assert.equal(await collector.value(lost), 0, lost);
    }
  });

  for (const name of Object.keys(alwaysKept)) {
    it(`keeps every trace of the kind "${name}"`, () => {
      assert.equal(keptOf(name).length, kinds[name]?.count);
    });
  }

  for (const [what, group] of Object.entries({ "refusals on purpose": refused, "the rest": rest })) {
    it(`keeps its share of ${what}, within the limits of chance`, () => {
      const { least, most } = countBounds(tracesIn(group), share, falseAlarm);
      const count = Object.keys(group).flatMap(keptOf).length;
      const byKind = Object.entries(group).map(([name, { count }]) => `${name}: ${keptOf(name).length} of ${count}`);
      assert.ok(count >= least && count <= most, `${count}, not ${least} to ${most}; ${byKind.join(", ")}`);
    });
  }

  it("keeps or drops the spans of all services of a trace together", () => {
    const parts = Object.entries(kinds).flatMap(([name, { spans }]) =>
      keptOf(name).map((traceId) => [traceId, spans("", "").length] as const),
    );
    assert.deepEqual(new Map(parts), kept);
  });

  it("counts kept traces by policy", async () => {
    const byPolicy = (policy: string) =>
      collector.value("otelcol_processor_tail_sampling_count_traces_sampled", { policy, sampled: "true" });
    assert.equal(await byPolicy("timed-out"), 5 * 20);
    assert.equal(await byPolicy("slow"), 50 + 20);
    assert.equal(await byPolicy("failed-call"), 20);
    assert.equal(await byPolicy("error"), 7 * 20);
    assert.equal(await byPolicy("share"), kept.size - tracesIn(alwaysKept));
  });

  it("counts every request in the span metrics, even when its trace is dropped", async () => {
    const expected = Object.fromEntries(Object.entries(kinds).map(([name, { count }]) => [name, count]));
    await eventually(30, async () => {
      const selector = `service_name="${service}", span_kind="SPAN_KIND_SERVER"`;
      for (const metric of ["traces_span_metrics_calls_total", "traces_span_metrics_duration_seconds_count"]) {
        const found = await query(`sum by (http_route) (${metric}{${selector}})`);
        assert.deepEqual(
          Object.fromEntries(found.map(({ labels, value }) => [labels.http_route, value])),
          expected,
          metric,
        );
      }
    });
  });

  describe("when a span comes after the decision", () => {
    const late = (traceId: string): TestSpan => ({ traceId, name: "late", kind: "internal", failed: true });
    const spared = (sampled: boolean) =>
      collector.value("otelcol_processor_tail_sampling_early_releases_from_cache_decision", {
        sampled: String(sampled),
      });

    it("keeps it with a kept trace", async () => {
      const [traceId] = keptOf("good");
      assert.ok(traceId);
      await sendSpans(collector.url, { service }, [late(traceId)]);
      await eventually(4, async () => assert.equal((await findTrace(traceId)).length, 3));
      assert.equal(await spared(true), 1);
    });

    it("drops it with a dropped trace, even an error, so that no trace is incomplete", async () => {
      const traceId = sent.get("good")?.find((id) => !kept.has(id));
      assert.ok(traceId);
      await sendSpans(collector.url, { service }, [late(traceId)]);
      await eventually(4, async () => assert.equal(await spared(false), 1));
      assert.deepEqual(await findTrace(traceId), []);
    });
  });
});
