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

  it("logs an outage of the collector once, whichever part reports it", () => {
    for (; nowMs < 600_000; nowMs += 5000) {
      globalErrorHandler(new Error("connect ECONNREFUSED"));
      diag.error("PeriodicExportingMetricReader: metrics export timed out after 5000ms");
      diag.warn(`Dropped ${nowMs} spans because maxQueueSize reached`);
    }
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /"reason":"connect ECONNREFUSED"/);
  });

  it("logs the next outage too", () => {
    globalErrorHandler(new Error("first"));
    nowMs += 3_600_000;
    globalErrorHandler(new Error("second"));
    assert.equal(lines.length, 2);
  });

  it("logs other messages once each", () => {
    diag.warn("Dropping extra attributes.");
    diag.warn("Dropping extra attributes.");
    diag.error("Something else");
    diag.info("below the log level");
    assert.equal(lines.length, 2);
  });
});
