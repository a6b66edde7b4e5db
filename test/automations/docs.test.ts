import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, startService } from "../support/helper.ts";

const commands = globSync(["*.md", "docs/*.md"], { cwd: root })
  .map((path) => readFileSync(join(root, path), "utf8"))
  .flatMap((text) => text.match(/^curl .*$/gm) ?? [])
  .map((line) => line.replace(/\s+#.*$/, ""));

describe("README and docs", () => {
  it("show curls that the service answers", async () => {
    assert.ok(commands.length > 0);
    const service = await startService({ env: { SEED_AUTOMATIONS: "1" } });
    try {
      for (const command of commands) {
        const [, name = "x-none", value = "", path = ""] =
          /^curl (?:-H '([\w-]+): ([^']+)' )?'?http:\/\/127\.0\.0\.1:8000([^']+)'?$/.exec(command) ?? [];
        assert.ok(path.startsWith("/"), command);
        const answer = await fetch(service.url + path, { headers: { [name]: value } });
        assert.equal(answer.status, 200, command);
      }
    } finally {
      await service.stop();
    }
  });
});
