import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { localParts } from "../../scripts/bootstrap/local-parts.js";
import { localSettings } from "../../scripts/bootstrap/settings.js";
import { eventually, freePort, root } from "../support/helper.ts";

const answer = z.object({ logs: z.array(z.object({ id: z.string(), body: z.string() })) });

describe("the traces page of npm run local", () => {
  it("has a name of its own for each of two log lines of the same span and millisecond, and keeps both", async () => {
    const settings = localSettings({ ...process.env, VIEWER_PORT: String(await freePort()) }, "", []);
    const viewer = localParts(settings, "mysql://u:p@127.0.0.1/x").find(({ name }) => name === "viewer");
    assert.ok(viewer);
    const child = spawn(process.execPath, viewer.args, { cwd: root, env: viewer.env, stdio: "ignore" });
    const exited = once(child, "exit");
    const post = (path: string, body: object) =>
      fetch(settings.viewerUrl + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    try {
      const isUp = () =>
        fetch(`${settings.viewerUrl}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        );
      await eventually("the page", isUp);
      const logRecords = ["first", "second"].map((stringValue) => ({
        timeUnixNano: "1796104073962000000",
        severityNumber: 9,
        body: { stringValue },
      }));
      assert.equal((await post("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords }] }] })).status, 200);
      const { logs } = await eventually("both lines", async () => {
        const found = answer.parse(await (await post("/api/query/logs", {})).json());
        return found.logs.length === 2 && found;
      });
      assert.deepEqual(logs.map(({ body }) => body).sort(), ["first", "second"]);
      assert.equal(new Set(logs.map(({ id }) => id)).size, 2);
    } finally {
      child.kill();
      await exited;
    }
  });
});
