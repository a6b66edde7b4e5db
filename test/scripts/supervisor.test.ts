import assert from "node:assert/strict";
import { startChild } from "../../scripts/bootstrap/child.js";
import { isAlive } from "../../scripts/bootstrap/pid.js";
import { createSupervisor } from "../../scripts/bootstrap/supervisor.js";
import { eventually } from "../support/helper.ts";

const runs = "setInterval(() => {}, 1000);";
const ignoresTerm = `process.on("SIGTERM", () => {}); console.log("up"); ${runs}`;
const hasGrandchild = `const { spawn } = require("node:child_process");
  console.log(spawn(process.execPath, ["-e", ${JSON.stringify(runs)}]).pid); ${runs}`;

function script(source: string, stopLimitMs = 5000) {
  const lines: string[] = [];
  const child = startChild({
    file: process.execPath,
    args: ["-e", source],
    stopLimitMs,
    onLine: (line) => lines.push(line),
  });
  const firstLine = () => eventually("a first line", () => lines[0], 5000);
  return { child, firstLine };
}

describe("supervisor", () => {
  it("stops the parts in reverse order", async () => {
    const order: string[] = [];
    const supervisor = createSupervisor((name) => order.push(name));
    const children = ["database", "service", "traffic"].map((name) => {
      const { child } = script(runs);
      supervisor.add(name, child);
      return child;
    });
    await supervisor.stop();
    assert.deepEqual(order, ["traffic", "service", "database"]);
    assert(children.every((child) => child.hasEnded()));
    assert.equal(supervisor.died.aborted, false);
  });

  it("kills a part that ignores SIGTERM after its limit", async () => {
    const supervisor = createSupervisor();
    const { child, firstLine } = script(ignoresTerm, 200);
    await firstLine();
    supervisor.add("stubborn", child);
    await supervisor.stop();
    assert.equal(await child.exited, "signal SIGKILL");
  });

  it("kills the children of a part too", async () => {
    const { child, firstLine } = script(hasGrandchild);
    const grandchild = Number(await firstLine());
    assert(isAlive(grandchild));
    await child.stop();
    await eventually("the end of the grandchild", () => !isAlive(grandchild), 2000);
  });

  it("reports which part died, how, and its last output", async () => {
    const supervisor = createSupervisor();
    const other = script(runs).child;
    supervisor.add("other", other);
    supervisor.add("service", script(`console.error("no such table"); process.exit(3);`).child);
    await eventually("the death", () => supervisor.died.aborted, 5000);
    assert.equal(supervisor.died.reason.message, "The service ended (exit code 3). Its last output:\n  no such table");
    await supervisor.stop();
    assert(other.hasEnded());
  });

  it("reports a part that cannot start", async () => {
    const supervisor = createSupervisor();
    supervisor.add("viewer", startChild({ file: "/no/such/program", args: [] }));
    await eventually("the death", () => supervisor.died.aborted, 5000);
    assert.match(supervisor.died.reason.message, /^The viewer ended \(spawn \/no\/such\/program ENOENT\)/);
  });

  it("kills all parts at once", async () => {
    const supervisor = createSupervisor();
    const { child, firstLine } = script(ignoresTerm);
    await firstLine();
    supervisor.add("stubborn", child);
    supervisor.kill();
    assert.equal(await child.exited, "signal SIGKILL");
  });
});
