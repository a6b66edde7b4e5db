import { deepEqual } from "node:assert/strict";
import { emptyMemory, learn } from "../../../../scripts/example/traffic/memory.ts";
import { get } from "../../../../scripts/example/traffic/planned.ts";

describe("what the traffic generator learns", () => {
  it("forgets an automation that the service no longer has", () => {
    const memory = emptyMemory();
    memory.hooked.set("slow", 7);
    memory.created.add(7);
    const run = { ...get({ kind: "run", id: 7, hook: "slow" }, "/api/automations/7/runs"), method: "POST" } as const;
    learn(memory, run, { status: 404, etag: null, body: {} });
    deepEqual([memory.hooked.size, memory.created.size], [0, 0]);
  });

  it("ignores malformed responses", () => {
    const memory = emptyMemory();
    for (const body of [undefined, null, 1, "text", {}, { items: 1 }, { items: [null, { id: "x" }], nextCursor: 1 }]) {
      learn(memory, get({ kind: "list" }, "/list"), { status: 200, etag: null, body });
    }
    deepEqual(memory, emptyMemory());
  });
});
