// Randomly damaged requests must cause no 5xx and no logged error, and the service must keep working.
import assert from "node:assert/strict";
import fc from "fast-check";
import { exchange } from "./raw-http.ts";
import { authorization, chunked, get, good, json, list, post, postJson } from "./requests.ts";
import { startTarget, type Target } from "./target.ts";

const latin1 = (bytes: Buffer) => bytes.toString("latin1");
const validRequests = [
  get(`${list}?search=a&limit=5&count=true`),
  get("/api/fixture/cached?search=b", 'If-None-Match: "a", W/"b"', "Accept: */*;q=0.5"),
  get("/api/fixture/items/1", authorization, "X-Request-Id: a", "traceparent: 00-1-2-03", "Cookie: a=b; c"),
  get("http://localhost/metrics?a=b", "Accept: text/plain;q=0.9, application/json", "Range: bytes=0-1"),
  get("/health", "Upgrade: h2c", "Origin: http://x"),
  latin1(postJson(good)),
  latin1(post(chunked(good), "Content-Type: application/json; charset=utf-8", "Transfer-Encoding: chunked")),
  latin1(post(good, json, "Content-Encoding: gzip", "Expect: 100-continue")),
  `${get("/health/live").replace("Connection: close", "Connection: keep-alive")}${get(list)}`,
  // An API key is shorter than a token, so less of the damage hits it.
].map((text) => text.replace(authorization, "X-API-Key: development-key"));
const tokens = [
  ...["\r\n", "\n", "\r\n\r\n", "\0", "\xff", " ", ":", "%", "%00", "%ff", "..", "__proto__", "{", "[", '"', "\\ud800"],
  ...["Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n", "Content-Length: 99\r\n", "Upgrade: websocket\r\n"],
  ...["HTTP/1.0", "HTTP/2.0", "CONNECT ", "HEAD ", "OPTIONS ", "PATCH ", "DELETE ", "http://[", "//", "?", "&a=b", "#"],
];

const anywhere = fc.nat();
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => latin1(Buffer.from(array)));
/** Changes a text at a random position. */
const damage: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.tuple(anywhere, fc.oneof(bytes, fc.constantFrom(...tokens))).map(([at, added]) => (text: string) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + added + text.slice(index);
  }),
  fc.tuple(anywhere, fc.nat(255)).map(([at, code]) => (text: string) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1);
  }),
  fc.tuple(anywhere, fc.nat(30)).map(([at, length]) => (text: string) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + text.slice(index + length);
  }),
  fc.tuple(anywhere, fc.nat(50), fc.integer({ min: 2, max: 200 })).map(([at, length, times]) => (text: string) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + text.slice(index, index + length).repeat(times) + text.slice(index + length);
  }),
  anywhere.map((at) => (text: string) => text.slice(0, at % (text.length + 1))),
);
const damaged = fc
  .tuple(fc.constantFrom(...validRequests), fc.array(damage, { maxLength: 3 }))
  .map(([text, damages]) => damages.reduce((changed, change) => change(changed), text));
const spliced = fc.tuple(damaged, damaged, anywhere).map(([a, b, at]) => a.slice(0, at % (a.length + 1)) + b);
const noise = fc.uint8Array({ maxLength: 3000 }).map((array) => latin1(Buffer.from(array)));
const input = fc.oneof(
  { weight: 6, arbitrary: damaged },
  { weight: 2, arbitrary: spliced },
  { weight: 1, arbitrary: noise },
);

describe("random bytes", function () {
  this.timeout(120_000);
  let service: Target;
  before(async () => {
    service = await startTarget();
  });
  after(() => service.stop());

  it("never cause a server error, in 10,000 inputs", async () => {
    const statuses = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(input, { minLength: 200, maxLength: 200 }), async (inputs) => {
        const exchanges = await Promise.all(inputs.map((one) => exchange(service.url, one, { endAfterMs: 100 })));
        for (const [at, { text, closed }] of exchanges.entries()) {
          const sent = JSON.stringify(inputs[at]);
          assert.ok(closed, `left open: ${sent}`);
          for (const [, status = ""] of text.matchAll(/HTTP\/1\.1 (\d+)/g)) {
            assert.ok(Number(status) < 500, `${status}: ${sent}`);
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
          }
        }
        await service.assertWell();
      }),
      { numRuns: 50, endOnFailure: true },
    );
    console.log("responses by status", Object.fromEntries(statuses));
    // Enough stays intact to reach all of these outcomes.
    for (const status of ["200", "201", "400", "401", "404", "415", "417"]) assert.ok(statuses.has(status), status);
  });
});
