// What the service does when a dependency changes something that it does not document, and that we rely on.
import assert from "node:assert/strict";
import { evaluateMutated } from "../support/mutated.ts";

/** Starts an application, asks it once, and prints its status and what it logged. */
const askOnce = `
  import { once } from "node:events";
  import { createServer } from "node:http";
  import { Application } from "./src/platform/http/application.ts";
  const warnings = [];
  const app = new Application({ warn: (message) => warnings.push(message) });
  app.use((ctx) => { ctx.body = "answer"; });
  const server = createServer(app.callback()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { status } = await fetch("http://127.0.0.1:" + server.address().port);
  console.log(JSON.stringify({ status, warnings }));`;

describe("with a changed on-finished", () => {
  const file = "on-finished/index.js";
  const queue = ".queue = []";
  const push = ".queue.push(listener)";

  it("answers as before when its queue is a Set", async () => {
    const replace = [
      [queue, ".queue = new Set()"],
      [push, ".queue.add(listener)"],
      ["var queue = listener.queue", "var queue = [...listener.queue]"],
    ] as const;
    const { output } = await evaluateMutated(askOnce, [{ file, replace }]);
    const { status, warnings } = JSON.parse(output);
    assert.equal(status, 200);
    assert.match(warnings.join(), /on-finished has changed/);
  });

  it("answers as before when it keeps its queue under another name", async () => {
    const { output } = await evaluateMutated(askOnce, [{ file, replace: [["__onFinished", "__waiting"]] }]);
    const { status, warnings } = JSON.parse(output);
    assert.equal(status, 200);
    assert.match(warnings.join(), /on-finished has changed/);
  });

  it("says nothing of the one that is installed", async () => {
    const { output } = await evaluateMutated(askOnce, [{ file, replace: [[push, push]] }]);
    assert.deepEqual(JSON.parse(output), { status: 200, warnings: [] });
  });
});
