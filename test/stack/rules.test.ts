// The rules' unit tests, run by promtool from the stack's Prometheus image.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promtool } from "./compose.ts";

const rules = join(import.meta.dirname, "../../otel/rules");
const named = (folder: string) => readdirSync(join(rules, folder)).filter((name) => name.endsWith(".yml"));

/** They simulate five days, minute by minute, while other tests mostly wait for telemetry. */
const running = new Map<string, Promise<string>>();
before("start the rules' unit tests in the background", () => {
  let last: Promise<unknown> = Promise.resolve();
  for (const name of named("tests")) {
    const result = last.then(() => promtool(["test", "rules", `tests/${name}`], { leastPriority: true }));
    last = result.catch(() => {});
    running.set(name, result);
  }
});

describe("stack: rules", () => {
  it("are valid and unique", async () => {
    const checked = await promtool(["check", "rules", "--lint-fatal", ...named(".")]);
    assert.equal(checked.match(/SUCCESS/g)?.length, named(".").length, checked);
  });

  it("belong to a valid Prometheus configuration", async () => {
    const checked = await promtool(["check", "config", "../prometheus.yml"]);
    assert.ok(checked.includes(`SUCCESS: ${named(".").length} rule files found`), checked);
  });

  for (const name of named("tests")) {
    it(`pass the unit tests in ${name}`, async function () {
      this.timeout(300_000);
      const tested = await running.get(name);
      assert.ok(tested);
      assert.match(tested, /SUCCESS/);
    });
  }
});
