// What somebody sends who means harm, or whose client is broken.
import assert from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { eventually } from "../support/helper.ts";
import { exchange, outcomeOf } from "./raw-http.ts";
import { authorization, chunked, get, good, json, list, post, postJson, request } from "./requests.ts";
import { startTarget, type Target } from "./target.ts";

const cached = "/api/optimized/automations/marketplace";
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const many = (count: number, one: (index: number) => string, separator: string) =>
  Array.from({ length: count }, (_, index) => one(index)).join(separator);
const bomb = Buffer.alloc(50_000_000);

describe("hostile input", function () {
  this.timeout(30_000);
  let service: Target;
  before(async () => {
    service = await startTarget();
  });
  afterEach(() => service.assertWell());
  after(() => service.stop());

  /** Each entry: what it is, the bytes, and the only outcome that is right. */
  function each(title: string, cases: readonly (readonly [string, string | Buffer, string])[]): void {
    it(title, async () => {
      const outcomes: string[] = [];
      for (const [what, bytes] of cases) outcomes.push(`${what}: ${outcomeOf(await exchange(service.url, bytes))}`);
      assert.deepEqual(
        outcomes,
        cases.map(([what, , expected]) => `${what}: ${expected}`),
      );
    });
  }

  each("is refused when it is no JSON object of the right shape", [
    ["nothing", postJson(""), "400 invalid_request"],
    ["no word of a body", request("POST", "/api/automations", ["Host: x", authorization, json]), "400 invalid_request"],
    ["white space", postJson(" \n "), "400 invalid_request"],
    ["half an object", postJson(good.slice(0, -1)), "400 invalid_request"],
    ["two objects", postJson(good + good), "400 invalid_request"],
    ["a comment", postJson(`/**/${good}`), "400 invalid_request"],
    ["NaN", postJson('{"name":NaN}'), "400 invalid_request"],
    ["null", postJson("null"), "400 invalid_request"],
    ["UTF-16", postJson(Buffer.from(good, "utf16le")), "400 invalid_request"],
    ["a byte order mark, which may be there", postJson(`\ufeff${good}`), "201"],
    ["50,000 arrays in one another", postJson(nested(50_000)), "400 invalid_request"],
    ["50,000 arrays in a field", postJson(`{"name":${nested(50_000)}}`), "400 invalid_request"],
    [
      "15,000 objects in one another",
      postJson(`${'{"a":'.repeat(15_000)}1${"}".repeat(15_000)}`),
      "400 invalid_request",
    ],
    ["100,000 arrays that never close", postJson("[".repeat(100_000)), "400 invalid_request"],
    ["100,000 arrays, which is too large", postJson(nested(100_000)), "413 too_large"],
    ["a number past all numbers", postJson(good.replace('"hostile"', "1e999999")), "400 invalid_request"],
    ["a number of 50,000 digits", postJson(good.replace('"hostile"', "9".repeat(50_000))), "400 invalid_request"],
    ["9,000 unknown fields", postJson(`{${many(9000, (index) => `"k${index}":1`, ",")}}`), "400 invalid_request"],
    ["a field twice, the last of which is wrong", postJson(`${good.slice(0, -1)},"name":1}`), "400 invalid_request"],
    ["a field twice, the last of which is right", postJson(`{"name":1,${good.slice(1)}`), "201"],
    ["__proto__", postJson(`{"__proto__":{"a":1},${good.slice(1)}`), "400 invalid_request"],
    ["__proto__ in disguise", postJson(`{"\\u005f_proto__":{"a":1},${good.slice(1)}`), "400 invalid_request"],
    ["constructor.prototype", postJson(`{"constructor":{"prototype":{}},${good.slice(1)}`), "400 invalid_request"],
    ["constructor", postJson(`{"constructor":1,${good.slice(1)}`), "400 invalid_request"],
  ]);

  const named = (name: string, encoding: BufferEncoding = "utf8") =>
    postJson(Buffer.from(good.replace("hostile", name), encoding));
  each("is refused when its text could not be given back as it came", [
    ["bytes that are not UTF-8", named("\xff\xc0\xaf", "latin1"), "400 invalid_request"],
    ["half a surrogate pair in bytes", named("\xed\xa0\x80", "latin1"), "400 invalid_request"],
    ["half a surrogate pair", named("a\\ud800b"), "400 invalid_request"],
    ["half of one in an address", postJson(good.replace("hooks", "\\udfff")), "400 invalid_request"],
    ["NUL", named("a\\u0000b"), "400 invalid_request"],
    ["NUL as it is", named("a\0b"), "400 invalid_request"],
    ["whole pairs, which are fine", named("😀\\ud83d\\ude00"), "201"],
  ]);

  const typed = (type: string) => post(good, `Content-Type: ${type}`);
  const packed = (body: string | Buffer, encoding: string) => post(body, json, `Content-Encoding: ${encoding}`);
  each("is refused when it is of another type, or compressed", [
    ["no type", post(good), "415 unsupported_media_type"],
    ["an empty type", typed(""), "415 unsupported_media_type"],
    ["text", typed("text/plain"), "415 unsupported_media_type"],
    ["a form", typed("application/x-www-form-urlencoded"), "415 unsupported_media_type"],
    ["a form with files", typed("multipart/form-data; boundary=x"), "415 unsupported_media_type"],
    ["half a type", typed("/"), "415 unsupported_media_type"],
    ["any type", typed("*/*"), "415 unsupported_media_type"],
    ["two types in one", typed("application/json, text/plain"), "415 unsupported_media_type"],
    ["two types, the first counts", post(good, "Content-Type: text/plain", json), "415 unsupported_media_type"],
    ["a control character", typed("application/json\x01"), "400"],
    ["a kin of JSON, which is fine", typed("application/ld+json"), "201"],
    ["gzip", packed(gzipSync(good), "gzip"), "415 unsupported_media_type"],
    ["a gzip bomb", packed(gzipSync(bomb), "gzip"), "415 unsupported_media_type"],
    ["a deflate bomb", packed(deflateSync(bomb), "deflate"), "415 unsupported_media_type"],
    ["a br bomb", packed(brotliCompressSync(bomb), "br"), "415 unsupported_media_type"],
    ["gzip twice", packed(gzipSync(gzipSync(good)), "gzip, gzip"), "415 unsupported_media_type"],
    ["what is no gzip", packed(good, "gzip"), "415 unsupported_media_type"],
    ["an unknown compression", packed(good, "x"), "415 unsupported_media_type"],
    ["none, and says so", packed(good, "identity"), "201"],
  ]);

  const old = (message: string | Buffer) => message.toString("latin1").replace("HTTP/1.1", "HTTP/1.0");
  const asked = (...lines: string[]) => request("GET", list, lines);
  each("is refused when a proxy in front may read it in another way", [
    ["one Host", asked("Host: a"), "200"],
    ["no Host", asked(), "400"],
    ["two Hosts", asked("Host: a", "Host: b"), "400 invalid_request"],
    ["the same Host twice", asked("Host: a", "X: y", "host: a"), "400 invalid_request"],
    ["two Hosts in HTTP/1.0", old(asked("Host: a", "Host: b")), "400 invalid_request"],
    ["two Hosts for a probe", request("GET", "/health/live", ["Host: a", "Host: b"]), "400 invalid_request"],
    ["two Hosts beside an address", request("GET", `http://c${list}`, ["Host: a", "Host: b"]), "400 invalid_request"],
    ["a Host that goes on in the next line", asked("Host: a", " b"), "400"],
    ["a header that does", asked("Host: a", "X: y", "\tz"), "400"],
    ["a space ahead of the first header", asked(" Host: a"), "400"],
    ["a bare carriage return", asked("Host: a\rX: b"), "400"],
    ["HTTP/1.0 without a Host", old(asked()), "200"],
    ["chunks in HTTP/1.0", old(post(chunked(good), json, "Transfer-Encoding: chunked")), "400 invalid_request"],
    [
      "chunks in HTTP/1.0 that is kept alive, and a request behind it",
      old(request("POST", "/api/automations", ["Connection: keep-alive", "Transfer-Encoding: chunked"])) +
        chunked(good) +
        get(list),
      "400 invalid_request",
    ],
    ["no body in HTTP/1.0 but chunks", `${old(asked("Transfer-Encoding: chunked"))}0\r\n\r\n`, "400 invalid_request"],
    ["packed chunks", post(chunked(good), json, "Transfer-Encoding: gzip, chunked"), "400 invalid_request"],
    ["HTTP/2.0", asked("Host: a").replace("HTTP/1.1", "HTTP/2.0"), "400 invalid_request"],
    ["HTTP/1.2", asked("Host: a").replace("HTTP/1.1", "HTTP/1.2"), "400"],
    ["HTTP/0.9", "GET /\r\n\r\n", "400 invalid_request"],
    [
      "two credentials",
      request("GET", "/api/automations/1", ["Host: a", authorization, authorization]),
      "401 unauthenticated",
    ],
    ["two proxies' lines", asked("Host: a", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 1.2.3.5"), "200"],
  ]);

  const inChunks = (body: string, coding = "chunked") => post(body, json, `Transfer-Encoding: ${coding}`);
  const ofLength = (length: string) => post(good, json, `Content-Length: ${length}`);
  each("is refused when its length is a lie, so that no request can hide in the body of another", [
    ["a length too short", ofLength("5"), "400"],
    ["a negative length", ofLength("-5"), "400"],
    ["a length with a sign", ofLength("+5"), "400"],
    ["a length in hexadecimal", ofLength("0x10"), "400"],
    ["a length in words", ofLength("five"), "400"],
    ["a length past all numbers", ofLength("9".repeat(30)), "400"],
    ["two lengths", ofLength("5\r\nContent-Length: 6"), "400"],
    ["a list of lengths", ofLength("5, 5"), "400"],
    ["a length far too large", ofLength("300000"), "413 too_large"],
    ["a length and chunks", inChunks(`0\r\n\r\n${get(list)}`, "chunked\r\nContent-Length: 5"), "400"],
    [
      "chunks and a length",
      post(`0\r\n\r\n${get(list)}`, json, "Content-Length: 5\r\nTransfer-Encoding: chunked"),
      "400",
    ],
    ["a space ahead of the colon", post("0\r\n\r\n", json, "Transfer-Encoding : chunked"), "400"],
    ["chunks that are not the last coding", inChunks(chunked(good), "chunked, gzip"), "400"],
    ["chunks in chunks", inChunks(chunked(good), "chunked, chunked"), "400"],
    ["an unknown coding", inChunks(chunked(good), "xchunked"), "400"],
    ["a vertical tab", inChunks(chunked(good), "chunked\x0b"), "400"],
    ["a chunk without a size", inChunks("zz\r\n{}\r\n0\r\n\r\n"), "400"],
    ["a chunk of negative size", inChunks("-1\r\n{}\r\n0\r\n\r\n"), "400"],
    ["a chunk past all sizes", inChunks(`${"f".repeat(17)}\r\n{`), "400"],
    ["chunks without carriage returns", inChunks("2\n{}\n0\n\n"), "400"],
    ["a flood in the extension of a chunk", inChunks(`1;${"a".repeat(20_000)}\r\n{`), "413"],
    ["a flood of trailers", inChunks(`2\r\n{}\r\n0\r\n${"a: b\r\n".repeat(5000)}\r\n`), "431"],
    ["too much in chunks", inChunks(chunked("x".repeat(200_000))), "413 too_large"],
    ["chunks as they should be", inChunks(chunked(good)), "201"],
  ]);

  const soon = "X-Request-Timeout-Ms: 200";
  const endless = post("{", json, "Content-Length: 500", soon);
  const half = gzipSync(good).subarray(0, 20);
  each("that never ends is ended by the deadline and gives its place back, of which there are two", [
    ["a length too long", endless, "504 deadline_exceeded"],
    ["a length too long, again", endless, "504 deadline_exceeded"],
    ["chunks without an end", post("1\r\n{\r\n", json, "Transfer-Encoding: chunked", soon), "504 deadline_exceeded"],
    ...["half a gzip", "half a gzip, again", "half a gzip, for the third time"].map((what) => {
      const bytes = post(half, json, "Content-Encoding: gzip", "Content-Length: 500", soon);
      return [what, bytes, "415 unsupported_media_type"] as const;
    }),
  ]);

  it("that trickles is ended by the deadline", async () => {
    assert.equal(outcomeOf(await exchange(service.url, endless, { trickle: " " })), "504 deadline_exceeded");
  });

  each("may ask first whether it should come", [
    ["100-continue", post(good, json, "Expect: 100-continue"), "100, 201"],
    ["100-continue with a wrong body", post("{", json, "Expect: 100-continue"), "100, 400 invalid_request"],
    ["another expectation", post(good, json, "Expect: the impossible"), "417"],
  ]);

  const host = ["Host: x"];
  each("is refused when its method or its version is unknown", [
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
    ["HTTP/1.0, which needs no host", request("GET", list, [], "HTTP/1.0"), "200"],
    ["no host", request("GET", list, []), "400"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
    ["TLS", Buffer.from("16030100a5010000a10303", "hex"), "400"],
    ["nothing but ends of lines", "\r\n".repeat(2000), "408"],
  ]);

  const upgrade = (to: string) => [...host, "Connection: Upgrade", `Upgrade: ${to}`];
  each("is answered as it is when it asks for another protocol", [
    ["h2c", request("GET", list, [...upgrade("h2c"), "HTTP2-Settings: AAMAAABk"]), "200"],
    ["websocket", request("GET", list, [...upgrade("websocket"), "Sec-WebSocket-Version: 13"]), "200"],
  ]);

  each("is refused when its target is no path, or leads nowhere", [
    ["an asterisk", get("*"), "404 not_found"],
    ["no path", get("http://"), "404 not_found"],
    ["no host", get("http:///api"), "404 not_found"],
    ["half an address", get("http://[::1/x"), "404 not_found"],
    ["a word", get("api"), "400"],
    ["a query", get("?a"), "400"],
    ["bytes over 127", get("/api/automations/\xff"), "400"],
    ["a percent sign", get("/%"), "404 not_found"],
    ["a wrong encoding", get("/%zz"), "404 not_found"],
    ["NUL for an id", get("/api/automations/%00", authorization), "400 invalid_request"],
    ["no UTF-8 for an id", get("/api/automations/%ff", authorization), "400 invalid_request"],
    ["a long path", get(`/${"a".repeat(15_000)}`), "404 not_found"],
    ["a deep path", get(`/${"a/".repeat(7500)}`), "404 not_found"],
    ["a path over the limit of headers", get(`/${"a".repeat(20_000)}`), "431"],
  ]);

  each("is refused when its query is not what the route takes", [
    ["a percent sign", get(`${list}?%`), "400 invalid_request"],
    ["a wrong encoding, taken for what it looks like", get(`${list}?search=%zz`), "200"],
    ["no UTF-8", get(`${list}?search=%ff`), "400 invalid_request"],
    ["half a surrogate pair", get(`${list}?search=%ed%a0%80`), "400 invalid_request"],
    ["NUL", get(`${list}?search=%00`), "400 invalid_request"],
    ["__proto__", get(`${list}?__proto__=1`), "400 invalid_request"],
    ["a field of __proto__", get(`${list}?__proto__[a]=1`), "400 invalid_request"],
    ["constructor", get(`${list}?constructor=1`), "400 invalid_request"],
    ["a parameter twice", get(`${list}?search=a&search=b`), "400 invalid_request"],
    ["a huge number", get(`${list}?limit=${"9".repeat(4000)}`), "400 invalid_request"],
    ["a long text", get(`${list}?search=${"a".repeat(10_000)}`), "400 invalid_request"],
    ["101 parameters", get(`${cached}?${many(101, () => "a=1", "&")}`), "400 invalid_request"],
    ["101 parameters where nobody looks at them", get(`/health?${many(101, () => "a=1", "&")}`), "400 invalid_request"],
    ["10,000 parameters, over the limit of headers", get(`${list}?${many(10_000, () => "a=1", "&")}`), "431"],
  ]);

  it("cannot hold the event loop with as many parameters as the headers have room for", async () => {
    const flood = get(`${list}?${many(4000, () => "a=1", "&")}`);
    const startedAt = performance.now();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => exchange(service.url, flood)));
    const tookMs = performance.now() - startedAt;
    assert.deepEqual(new Set(outcomes.map(outcomeOf)), new Set(["400 invalid_request"]));
    assert.ok(tookMs < 2000, `50 of them took ${tookMs} ms`);
  });

  each("is refused when its headers are malformed or too many, and answered when only their values are odd", [
    ["3,000 headers", get(list, ...Array.from({ length: 3000 }, (_, index) => `a${index}: b`)), "431"],
    ["a large header", get(list, `X-Large: ${"a".repeat(20_000)}`), "431"],
    ["NUL", get(list, "X-Odd: a\0b"), "400"],
    ["a folded line", get(list, "X-Odd: a\r\n b"), "400"],
    ["a space in a name", get(list, "X Odd: a"), "400"],
    ["no colon", get(list, "X-Odd"), "400"],
    ["names that objects have", get(list, "__proto__: a", "constructor: b"), "200"],
    ["an odd id", get(list, "X-Request-Id: \xff"), "200"],
    ["an odd deadline", get(list, "X-Request-Timeout-Ms: -1"), "200"],
    ["odd traces", get(list, "traceparent: 00-zz", `tracestate: ${"a=b,".repeat(1000)}`, "baggage: %zz=%ff"), "200"],
    ["a flood of types", get("/metrics", `Accept: ${"a/b,".repeat(3000)}`), "200"],
    ["a flood of tags", get(cached, `If-None-Match: ${'"a",'.repeat(3000)}`), "200"],
    ["a flood of addresses", get(list, `X-Forwarded-For: ${"1.1.1.1,".repeat(1500)}`), "200"],
    ...["", "a b", "[", "[::1", "x:99999", "x:y", "x/../y", "http://x", "@", "%zz", "\xff", "x".repeat(5000)].map(
      (name) => [`host ${name.slice(0, 9)}`, request("GET", list, [`Host: ${name}`]), "200"] as const,
    ),
  ]);

  it("gets an answer for each request that is sent ahead, and takes none of another's", async () => {
    const alive = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    const outcome = async (...requests: string[]) => outcomeOf(await exchange(service.url, requests.join("")));
    const kept = (bytes: Buffer) => bytes.toString("latin1").replace("Connection: close\r\n", "");
    assert.equal(
      await outcome(alive.repeat(99), get("/health/live")),
      many(100, () => "200", ", "),
    );
    assert.match(await outcome(alive, "NONSENSE\r\n\r\n", alive), /^(200, )?400$/);
    const tooLarge = kept(postJson(`{"name":"${"x".repeat(200_000)}"}`));
    assert.equal(await outcome(tooLarge, get("/health/live")), "413 too_large, 200");
    const stranger = kept(postJson(good)).replace(authorization, "X-Nobody: 1");
    assert.equal(await outcome(stranger, get("/health/live")), "401 unauthenticated, 200");
  });

  it("that was refused cannot keep its connection by never sending the rest", async () => {
    const stranger = `POST /api/automations HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: 50000\r\n\r\n{`;
    assert.equal(outcomeOf(await exchange(service.url, stranger)), "401 unauthenticated, 408");
  });

  it("of a client that goes in the middle is forgotten, and no error", async () => {
    const halves = [postJson(good).subarray(0, -5), post("5\r\n{", json, "Transfer-Encoding: chunked"), get(list)];
    for (const bytes of halves) await exchange(service.url, bytes, { limitMs: 20 });
    await eventually("an answer", async () => (await fetch(service.url + list)).ok);
  });
});
