import { deepEqual, ok } from "node:assert/strict";
import { emptyMemory, learn, type Memory } from "../../../../scripts/example/traffic/memory.ts";
import { plan } from "../../../../scripts/example/traffic/mix.ts";
import type { Planned } from "../../../../scripts/example/traffic/planned.ts";

const webhooks = "http://hooks.test/hooks";

describe("the traffic generator's mix", () => {
  it("contains every kind of request, mostly reads", () => {
    const planned = plans(10_000, emptyMemory());
    const share = (test: (one: Planned) => boolean) => planned.filter(test).length / planned.length;
    const reading = share(({ method }) => method === "GET");
    ok(reading > 0.7 && reading < 0.9, `${reading}`);
    for (const kind of ["list", "cached", "read", "create", "update", "delete", "run", "mistake"]) {
      ok(share(({ purpose }) => purpose.kind === kind) > 0.01, kind);
    }
    for (const hook of ["steady", "slow", "failing", "hanging"]) {
      ok(share(({ purpose }) => purpose.kind === "run" && purpose.hook === hook) > 0.005, hook);
    }
    ok(share(({ etag }) => etag !== undefined) > 0.02, "asks whether cached answers are still the same");
    ok(share(({ path }) => path.includes("cursor=")) > 0.02, "follows pages");
  });

  it("starts with an empty memory and creates what it runs", () => {
    // Without responses, it replaces requests that depend on them.
    const planned = plans(2_000, emptyMemory(), () => undefined);
    ok(planned.every(({ purpose }) => ["list", "cached", "create", "mistake"].includes(purpose.kind)));
    const urls = planned.flatMap(({ purpose, body }) =>
      purpose.kind === "create" ? [Reflect.get(body ?? {}, "webhookUrl")] : [],
    );
    deepEqual(
      [...new Set(urls)].toSorted(),
      ["failing", "hanging", "slow", "steady"].map((hook) => `${webhooks}/${hook}`),
    );
  });

  it("bounds the number of its automations", () => {
    const memory = emptyMemory();
    plans(20_000, memory);
    ok(memory.created.size <= 30, `${memory.created.size}`);
  });
});

/** Makes `times` plans, with the responses of a working service. */
function plans(times: number, memory: Memory, answered: typeof answer | (() => undefined) = answer): Planned[] {
  const random = seeded(1);
  return Array.from({ length: times }, () => {
    const planned = plan({ random, memory, webhooks });
    const got = answered(planned);
    if (got) learn(memory, planned, got);
    return planned;
  });
}

let lastId = 0;

function answer({ purpose }: Planned) {
  if (purpose.kind === "create") return { status: 201, etag: null, body: { id: ++lastId } };
  if (purpose.kind === "delete") return { status: 204, etag: null, body: undefined };
  return { status: 200, etag: '"v1"', body: { items: [{ id: 1 }], nextCursor: "next" } };
}

/** Reproducible random numbers (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
