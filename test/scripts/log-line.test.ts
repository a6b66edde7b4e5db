import assert from "node:assert/strict";
import { readableLogLine } from "../../scripts/bootstrap/log-line.js";

const warnings = { all: false, plain: false };

describe("log lines in the terminal", () => {
  it("shows a warning with its message and fields", () => {
    const line = JSON.stringify({
      level: "warn",
      time: "2026-01-01T00:00:00Z",
      route: "/a",
      phases: { own: 3 },
      msg: "slow request",
    });
    assert.equal(readableLogLine(line, warnings), 'WARN  slow request  route=/a  phases={"own":3}');
  });

  it("leaves out records below warning unless all are wanted", () => {
    const line = JSON.stringify({ level: "info", msg: "listening" });
    assert.equal(readableLogLine(line, warnings), undefined);
    assert.equal(readableLogLine(line, { all: true, plain: false }), "INFO  listening");
  });

  it("puts an error's stack on separate lines", () => {
    const line = JSON.stringify({
      level: "error",
      msg: "failed",
      err: { message: "no", stack: "Error: no\n    at x.ts:1" },
    });
    assert.equal(readableLogLine(line, warnings), "ERROR  failed\nError: no\n    at x.ts:1");
  });

  it("shows a line that is not a log record only where plain text is wanted", () => {
    for (const line of ["Segmentation fault", "{ not: json }"]) {
      assert.equal(readableLogLine(line, warnings), undefined);
      assert.equal(readableLogLine(line, { all: false, plain: true }), line);
    }
  });
});
