// Hostile or broken request lines and headers.
import assert from "node:assert/strict";
import { exchange, outcomeOf } from "./raw-http.ts";
import { authorization, get, list, many, request } from "./requests.ts";
import { hostileSuite } from "./suite.ts";

const cached = "/api/fixture/cached";

hostileSuite("a hostile request head", ({ url, each }) => {
  const host = ["Host: x"];
  each("is refused with an unknown method or version", [
    ...["TRACE", "OPTIONS", "PROPFIND", "QUERY", "PUT"].map(
      (method) => [method, request(method, list, host), "404 not_found"] as const,
    ),
    ...["get", "Get", "FOO", "PRI", "G\0T", "", "GET".repeat(3000)].map(
      (method) => [`method ${method.slice(0, 9)}`, request(method, list, host), "400"] as const,
    ),
    ["CONNECT", request("CONNECT", "127.0.0.1:3306", host), "closed"],
    ...["HTTP/1.2", "HTTP/3.0", "HTTP/11.1", "http/1.1", "HTTPS/1.1", ""].map(
      (version) => [`version ${version}`, request("GET", list, host, version), "400"] as const,
    ),
    ["HTTP/1.0, which needs no Host", request("GET", list, [], "HTTP/1.0"), "200"],
    ["no Host", request("GET", list, []), "400"],
    ["the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
    ["TLS", Buffer.from("16030100a5010000a10303", "hex"), "400"],
    ["only line breaks", "\r\n".repeat(2000), "408"],
  ]);

  const upgrade = (to: string) => [...host, "Connection: Upgrade", `Upgrade: ${to}`];
  each("is answered normally when it asks for another protocol", [
    ["h2c", request("GET", list, [...upgrade("h2c"), "HTTP2-Settings: AAMAAABk"]), "200"],
    ["websocket", request("GET", list, [...upgrade("websocket"), "Sec-WebSocket-Version: 13"]), "200"],
  ]);

  each("is refused when its target is not a path or matches no route", [
    ["an asterisk", get("*"), "404 not_found"],
    ["no path", get("http://"), "404 not_found"],
    ["no host", get("http:///api"), "404 not_found"],
    ["half a URL", get("http://[::1/x"), "404 not_found"],
    ["a word", get("api"), "400"],
    ["a query", get("?a"), "400"],
    ["bytes over 127", get("/api/fixture/items/\xff"), "400"],
    ["a percent sign", get("/%"), "404 not_found"],
    ["a wrong encoding", get("/%zz"), "404 not_found"],
    ["NUL as an id", get("/api/fixture/items/%00", authorization), "400 invalid_request"],
    ["an id that is not UTF-8", get("/api/fixture/items/%ff", authorization), "400 invalid_request"],
    ["a long path", get(`/${"a".repeat(15_000)}`), "404 not_found"],
    ["a deep path", get(`/${"a/".repeat(7500)}`), "404 not_found"],
    ["a path above the header limit", get(`/${"a".repeat(20_000)}`), "431"],
  ]);

  each("is refused when the route does not accept its query", [
    ["a percent sign", get(`${list}?%`), "400 invalid_request"],
    ["a wrong encoding, taken literally", get(`${list}?search=%zz`), "200"],
    ["not UTF-8", get(`${list}?search=%ff`), "400 invalid_request"],
    ["half a surrogate pair", get(`${list}?search=%ed%a0%80`), "400 invalid_request"],
    ["NUL", get(`${list}?search=%00`), "400 invalid_request"],
    ["__proto__", get(`${list}?__proto__=1`), "400 invalid_request"],
    ["a field of __proto__", get(`${list}?__proto__[a]=1`), "400 invalid_request"],
    ["constructor", get(`${list}?constructor=1`), "400 invalid_request"],
    ["a parameter twice", get(`${list}?search=a&search=b`), "400 invalid_request"],
    ["a huge number", get(`${list}?limit=${"9".repeat(4000)}`), "400 invalid_request"],
    ["a long text", get(`${list}?search=${"a".repeat(10_000)}`), "400 invalid_request"],
    ["101 parameters", get(`${cached}?${many(101, () => "a=1", "&")}`), "400 invalid_request"],
    [
      "101 parameters on a route that ignores them",
      get(`/health?${many(101, () => "a=1", "&")}`),
      "400 invalid_request",
    ],
    ["10,000 parameters, above the header limit", get(`${list}?${many(10_000, () => "a=1", "&")}`), "431"],
  ]);

  it("cannot block the event loop with as many parameters as fit into the headers", async () => {
    /** How long 50 requests at a time take. */
    async function durationOf(text: string): Promise<number> {
      const startedAt = performance.now();
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => exchange(url(), text)));
      assert.deepEqual(new Set(outcomes.map(outcomeOf)), new Set(["400 invalid_request"]));
      return performance.now() - startedAt;
    }
    const oneMs = await durationOf(get(`${list}?a=${"1".repeat(16_000)}`));
    const manyMs = await durationOf(get(`${list}?${many(4000, () => "a=1", "&")}`));
    assert.ok(manyMs < 1000 + 4 * oneMs, `${manyMs} ms, and ${oneMs} ms with one parameter of this size`);
  });

  each("is refused with malformed or too many headers, but answered with odd values", [
    ["3,000 headers", get(list, ...Array.from({ length: 3000 }, (_, index) => `a${index}: b`)), "431"],
    ["a large header", get(list, `X-Large: ${"a".repeat(20_000)}`), "431"],
    ["NUL", get(list, "X-Odd: a\0b"), "400"],
    ["a folded line", get(list, "X-Odd: a\r\n b"), "400"],
    ["a space in a name", get(list, "X Odd: a"), "400"],
    ["no colon", get(list, "X-Odd"), "400"],
    ["names of object properties", get(list, "__proto__: a", "constructor: b"), "200"],
    ["an odd id", get(list, "X-Request-Id: \xff"), "200"],
    ["an odd deadline", get(list, "X-Request-Timeout-Ms: -1"), "200"],
    ["odd traces", get(list, "traceparent: 00-zz", `tracestate: ${"a=b,".repeat(1000)}`, "baggage: %zz=%ff"), "200"],
    ["a long list of types", get("/metrics", `Accept: ${"a/b,".repeat(3000)}`), "200"],
    ["a long list of tags", get(cached, `If-None-Match: ${'"a",'.repeat(3000)}`), "200"],
    ["a long list of addresses", get(list, `X-Forwarded-For: ${"1.1.1.1,".repeat(1500)}`), "200"],
    ...["", "a b", "[", "[::1", "x:99999", "x:y", "x/../y", "http://x", "@", "%zz", "\xff", "x".repeat(5000)].map(
      (name) => [`host ${name.slice(0, 9)}`, request("GET", list, [`Host: ${name}`]), "200"] as const,
    ),
  ]);
});
