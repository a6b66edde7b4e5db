// Hostile or broken bodies.
import assert from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { exchange, outcomeOf } from "./raw-http.ts";
import { authorization, good, json, many, post, postJson, request } from "./requests.ts";
import { hostileSuite } from "./suite.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const bomb = Buffer.alloc(50_000_000);

hostileSuite("a hostile body", ({ url, each }) => {
  each("is refused unless it is a JSON object of the right shape", [
    ["nothing", postJson(""), "400 invalid_request"],
    ["no body at all", request("POST", "/api/fixture/items", ["Host: x", authorization, json]), "400 invalid_request"],
    ["white space", postJson(" \n "), "400 invalid_request"],
    ["half an object", postJson(good.slice(0, -1)), "400 invalid_request"],
    ["two objects", postJson(good + good), "400 invalid_request"],
    ["a comment", postJson(`/**/${good}`), "400 invalid_request"],
    ["NaN", postJson('{"name":NaN}'), "400 invalid_request"],
    ["null", postJson("null"), "400 invalid_request"],
    ["UTF-16", postJson(Buffer.from(good, "utf16le")), "400 invalid_request"],
    ["a byte order mark, which is allowed", postJson(`\ufeff${good}`), "201"],
    ["50,000 nested arrays", postJson(nested(50_000)), "400 invalid_request"],
    ["50,000 nested arrays in a field", postJson(`{"name":${nested(50_000)}}`), "400 invalid_request"],
    ["15,000 nested objects", postJson(`${'{"a":'.repeat(15_000)}1${"}".repeat(15_000)}`), "400 invalid_request"],
    ["100,000 arrays that are never closed", postJson("[".repeat(100_000)), "400 invalid_request"],
    ["100,000 arrays, which are too large", postJson(nested(100_000)), "413 too_large"],
    ["a number out of range", postJson(good.replace('"hostile"', "1e999999")), "400 invalid_request"],
    ["a number of 50,000 digits", postJson(good.replace('"hostile"', "9".repeat(50_000))), "400 invalid_request"],
    ["9,000 unknown fields", postJson(`{${many(9000, (index) => `"k${index}":1`, ",")}}`), "400 invalid_request"],
    ["a field twice, the last one invalid", postJson(`${good.slice(0, -1)},"name":1}`), "400 invalid_request"],
    ["a field twice, the last one valid", postJson(`{"name":1,${good.slice(1)}`), "201"],
    ["__proto__", postJson(`{"__proto__":{"a":1},${good.slice(1)}`), "400 invalid_request"],
    ["an escaped __proto__", postJson(`{"\\u005f_proto__":{"a":1},${good.slice(1)}`), "400 invalid_request"],
    ["constructor.prototype", postJson(`{"constructor":{"prototype":{}},${good.slice(1)}`), "400 invalid_request"],
    ["constructor", postJson(`{"constructor":1,${good.slice(1)}`), "400 invalid_request"],
  ]);

  const named = (name: string, encoding: BufferEncoding = "utf8") =>
    postJson(Buffer.from(good.replace("hostile", name), encoding));
  each("is refused when its text could not be returned unchanged", [
    ["bytes that are not UTF-8", named("\xff\xc0\xaf", "latin1"), "400 invalid_request"],
    ["half a surrogate pair in bytes", named("\xed\xa0\x80", "latin1"), "400 invalid_request"],
    ["half a surrogate pair", named("a\\ud800b"), "400 invalid_request"],
    ["half a surrogate pair in a URL", postJson(good.replace("hooks", "\\udfff")), "400 invalid_request"],
    ["NUL", named("a\\u0000b"), "400 invalid_request"],
    ["a raw NUL", named("a\0b"), "400 invalid_request"],
    ["whole pairs, which are fine", named("😀\\ud83d\\ude00"), "201"],
  ]);

  const typed = (type: string) => post(good, `Content-Type: ${type}`);
  const packed = (body: string | Buffer, encoding: string) => post(body, json, `Content-Encoding: ${encoding}`);
  each("is refused when it has another type or is compressed", [
    ["no type", post(good), "415 unsupported_media_type"],
    ["an empty type", typed(""), "415 unsupported_media_type"],
    ["text", typed("text/plain"), "415 unsupported_media_type"],
    ["a form", typed("application/x-www-form-urlencoded"), "415 unsupported_media_type"],
    ["a form with files", typed("multipart/form-data; boundary=x"), "415 unsupported_media_type"],
    ["half a type", typed("/"), "415 unsupported_media_type"],
    ["any type", typed("*/*"), "415 unsupported_media_type"],
    ["two types in one", typed("application/json, text/plain"), "415 unsupported_media_type"],
    [
      "two types, of which the first counts",
      post(good, "Content-Type: text/plain", json),
      "415 unsupported_media_type",
    ],
    ["a control character", typed("application/json\x01"), "400"],
    ["a JSON subtype, which is fine", typed("application/ld+json"), "201"],
    ["gzip", packed(gzipSync(good), "gzip"), "415 unsupported_media_type"],
    ["a gzip bomb", packed(gzipSync(bomb), "gzip"), "415 unsupported_media_type"],
    ["a deflate bomb", packed(deflateSync(bomb), "deflate"), "415 unsupported_media_type"],
    ["a br bomb", packed(brotliCompressSync(bomb), "br"), "415 unsupported_media_type"],
    ["gzip twice", packed(gzipSync(gzipSync(good)), "gzip, gzip"), "415 unsupported_media_type"],
    ["not really gzip", packed(good, "gzip"), "415 unsupported_media_type"],
    ["an unknown compression", packed(good, "x"), "415 unsupported_media_type"],
    ["explicitly uncompressed", packed(good, "identity"), "201"],
  ]);

  const soon = "X-Request-Timeout-Ms: 200";
  const endless = post("{", json, "Content-Length: 500", soon);
  const half = gzipSync(good).subarray(0, 20);
  each("that never ends is ended by the deadline and releases its slot", [
    ["a length too long", endless, "504 deadline_exceeded"],
    ["a length too long, again", endless, "504 deadline_exceeded"],
    ["chunks without an end", post("1\r\n{\r\n", json, "Transfer-Encoding: chunked", soon), "504 deadline_exceeded"],
    ...["half a gzip", "half a gzip, again", "half a gzip, a third time"].map((what) => {
      const bytes = post(half, json, "Content-Encoding: gzip", "Content-Length: 500", soon);
      return [what, bytes, "415 unsupported_media_type"] as const;
    }),
  ]);

  it("that trickles in is ended by the deadline", async () => {
    assert.equal(outcomeOf(await exchange(url(), endless, { trickle: " " })), "504 deadline_exceeded");
  });

  each("may be announced with Expect", [
    ["100-continue", post(good, json, "Expect: 100-continue"), "100, 201"],
    ["100-continue with an invalid body", post("{", json, "Expect: 100-continue"), "100, 400 invalid_request"],
    ["another expectation", post(good, json, "Expect: the impossible"), "417"],
  ]);
});
