import assert from "node:assert/strict";
import { diag } from "@opentelemetry/api";
import { globalErrorHandler, loggingErrorHandler, setGlobalErrorHandler } from "@opentelemetry/core";
import { pino } from "pino";
import { reportDiagnostics } from "../../../src/platform/telemetry/diagnostics.ts";

describe("reportDiagnostics", () => {
  let lines: string[];
  let nowMs: number;
  beforeEach(() => {
    lines = [];
    nowMs = 0;
    reportDiagnostics(pino({ level: "trace" }, { write: (line: string) => lines.push(line) }), () => nowMs);
  });
  after(() => {
    diag.disable();
    setGlobalErrorHandler(loggingErrorHandler());
  });

  it("says once that telemetry cannot be sent, whatever complains of it", () => {
    for (; nowMs < 600_000; nowMs += 5000) {
      globalErrorHandler(new Error("connect ECONNREFUSED"));
      diag.error("PeriodicExportingMetricReader: metrics export timed out after 5000ms");
      diag.warn(`Dropped ${nowMs} spans because maxQueueSize reached`);
    }
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /"reason":"connect ECONNREFUSED"/);
  });

  it("says it again in the next outage", () => {
    globalErrorHandler(new Error("first"));
    nowMs += 3_600_000;
    globalErrorHandler(new Error("second"));
    assert.equal(lines.length, 2);
  });

  it("passes other messages on, each once", () => {
    diag.warn("Dropping extra attributes.");
    diag.warn("Dropping extra attributes.");
    diag.error("Something else");
    diag.info("not at this level");
    assert.equal(lines.length, 2);
  });
});
