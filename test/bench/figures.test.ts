import assert from "node:assert/strict";
import { optionsOf } from "./bench.ts";
import { ratiosOf, rotated, spreadOf } from "./figures.ts";
import { allPeers } from "./peers.ts";
import { measurePhases } from "./phases.ts";
import { countSpans } from "./sink.ts";

describe("figures of the benchmark", () => {
  it("returns the median of the rounds with their range", () => {
    assert.deepEqual(spreadOf([3, 1, 10]), { median: 3, min: 1, max: 10 });
    assert.deepEqual(spreadOf([4, 1, 2, 10]), { median: 3, min: 1, max: 10 });
    assert.throws(() => spreadOf([]), RangeError);
  });

  it("computes ratios within each round", () => {
    // The machine was half as fast in the second round, so the ratio is the same in both.
    assert.deepEqual(ratiosOf([150, 300], [100, 200]), [1.5, 1.5]);
    assert.throws(() => ratiosOf([150], [100, 200]), RangeError);
  });

  it("starts each round with another peer", () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((round) => rotated(["a", "b", "c"], round).join("")),
      ["abc", "bca", "cab", "abc"],
    );
  });

  it("counts the spans of an export, and its server spans", () => {
    const message = (number: number, ...parts: Buffer[]) => {
      const bytes = Buffer.concat(parts);
      // Lengths above 127 take two bytes.
      const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
      return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), bytes]);
    };
    const span = (kind: number) =>
      message(
        2,
        message(1, Buffer.alloc(16, 1)),
        message(5, Buffer.from("GET /items/{id}")),
        Buffer.from([6 * 8, kind]),
        // Eight bytes, the last of which look like two more fields.
        Buffer.from([7 * 8 + 1, 1, 2, 3, 4, 6 * 8, 2, 6 * 8, 2]),
        // Field 16 with four bytes; its number takes two.
        Buffer.from([(16 * 8 + 5 - 128) | 128, 1, 1, 0, 0, 0]),
      );
    const body = message(
      1,
      message(1, Buffer.from("a resource")),
      message(2, span(2), span(3), span(3)),
      message(2, span(2), span(3), span(1)),
    );
    assert.deepEqual(countSpans(body), { spans: 6, requests: 2 });
    assert.deepEqual(countSpans(Buffer.alloc(0)), { spans: 0, requests: 0 });
  });
});

describe("the cost of phases", () => {
  it("is measured against the same request without them", async () => {
    const { median, min, max } = await measurePhases(3, 20_000);
    assert.ok(min <= median && median <= max);
    assert.ok(median > 0 && median < 100, `${median} µs`);
  });
});

describe("arguments of the benchmark", () => {
  const parsed = (...args: string[]) => {
    const options = optionsOf(args);
    assert(typeof options === "object", String(options));
    return options;
  };

  it("measures everything by default", () => {
    const { peers, ...options } = parsed();
    assert.deepEqual(peers, allPeers());
    assert.deepEqual(options, { json: false, quick: false, overload: true, rounds: undefined });
  });

  it("selects the named peers, in their order", () => {
    const { peers, ...options } = parsed("--only", "template-off,template", "--no-overload", "--rounds", "3", "--json");
    assert.deepEqual(
      peers.map(({ name }) => name),
      ["template-off", "template"],
    );
    assert.deepEqual(options, { json: true, quick: false, overload: false, rounds: 3 });
  });

  it("reports invalid arguments", () => {
    assert.match(String(optionsOf(["--only", "koa,hapi"])), /^--only takes http,koa,template,.*, not hapi$/);
    assert.match(String(optionsOf(["--rounds", "0"])), /^--rounds takes a number from 1 to 99, not 0$/);
    assert.match(String(optionsOf(["--fast"])), /--fast/);
  });
});
