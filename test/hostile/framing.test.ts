// Messages that hide where they end, or that a proxy may read differently (request smuggling), and connections that stay open.
import assert from "node:assert/strict";
import { eventually } from "../support/helper.ts";
import { exchange, outcomeOf } from "./raw-http.ts";
import { authorization, chunked, get, good, json, list, many, post, postJson, request } from "./requests.ts";
import { hostileSuite } from "./suite.ts";

hostileSuite("a hostile message", ({ url, each }) => {
  const asHttp10 = (message: string | Buffer) => message.toString("latin1").replace("HTTP/1.1", "HTTP/1.0");
  const getWith = (...lines: string[]) => request("GET", list, lines);
  each("is refused when a proxy may read it differently", [
    ["one Host", getWith("Host: a"), "200"],
    ["no Host", getWith(), "400"],
    ["two Hosts", getWith("Host: a", "Host: b"), "400 invalid_request"],
    ["the same Host twice", getWith("Host: a", "X: y", "host: a"), "400 invalid_request"],
    ["two Hosts in HTTP/1.0", asHttp10(getWith("Host: a", "Host: b")), "400 invalid_request"],
    ["two Hosts for a probe", request("GET", "/health/live", ["Host: a", "Host: b"]), "400 invalid_request"],
    [
      "two Hosts with an absolute URL",
      request("GET", `http://c${list}`, ["Host: a", "Host: b"]),
      "400 invalid_request",
    ],
    ["a folded Host", getWith("Host: a", " b"), "400"],
    ["a folded header", getWith("Host: a", "X: y", "\tz"), "400"],
    ["a space before the first header", getWith(" Host: a"), "400"],
    ["a bare carriage return", getWith("Host: a\rX: b"), "400"],
    ["HTTP/1.0 without a Host", asHttp10(getWith()), "200"],
    ["chunks in HTTP/1.0", asHttp10(post(chunked(good), json, "Transfer-Encoding: chunked")), "400 invalid_request"],
    [
      "chunks in HTTP/1.0 with keep-alive, followed by a request",
      asHttp10(request("POST", "/api/fixture/items", ["Connection: keep-alive", "Transfer-Encoding: chunked"])) +
        chunked(good) +
        get(list),
      "400 invalid_request",
    ],
    ["empty chunks in HTTP/1.0", `${asHttp10(getWith("Transfer-Encoding: chunked"))}0\r\n\r\n`, "400 invalid_request"],
    ["compressed chunks", post(chunked(good), json, "Transfer-Encoding: gzip, chunked"), "400 invalid_request"],
    ["HTTP/2.0", getWith("Host: a").replace("HTTP/1.1", "HTTP/2.0"), "400 invalid_request"],
    ["HTTP/1.2", getWith("Host: a").replace("HTTP/1.1", "HTTP/1.2"), "400"],
    ["HTTP/0.9", "GET /\r\n\r\n", "400 invalid_request"],
    [
      "two credentials",
      request("GET", "/api/fixture/items/1", ["Host: a", authorization, authorization]),
      "401 unauthenticated",
    ],
    ["two X-Forwarded-For lines", getWith("Host: a", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 1.2.3.5"), "200"],
  ]);

  const inChunks = (body: string, coding = "chunked") => post(body, json, `Transfer-Encoding: ${coding}`);
  const withLength = (length: string) => post(good, json, `Content-Length: ${length}`);
  each("is refused when its length is wrong, so that no request can hide in another's body", [
    ["a length too short", withLength("5"), "400"],
    ["a negative length", withLength("-5"), "400"],
    ["a length with a sign", withLength("+5"), "400"],
    ["a length in hexadecimal", withLength("0x10"), "400"],
    ["a length in words", withLength("five"), "400"],
    ["a length out of range", withLength("9".repeat(30)), "400"],
    ["two lengths", withLength("5\r\nContent-Length: 6"), "400"],
    ["a list of lengths", withLength("5, 5"), "400"],
    ["a length far too large", withLength("300000"), "413 too_large"],
    ["a length and chunks", inChunks(`0\r\n\r\n${get(list)}`, "chunked\r\nContent-Length: 5"), "400"],
    [
      "chunks and a length",
      post(`0\r\n\r\n${get(list)}`, json, "Content-Length: 5\r\nTransfer-Encoding: chunked"),
      "400",
    ],
    ["a space before the colon", post("0\r\n\r\n", json, "Transfer-Encoding : chunked"), "400"],
    ["chunked as the first of two codings", inChunks(chunked(good), "chunked, gzip"), "400"],
    ["chunked twice", inChunks(chunked(good), "chunked, chunked"), "400"],
    ["an unknown coding", inChunks(chunked(good), "xchunked"), "400"],
    ["a vertical tab", inChunks(chunked(good), "chunked\x0b"), "400"],
    ["a chunk without a size", inChunks("zz\r\n{}\r\n0\r\n\r\n"), "400"],
    ["a chunk of negative size", inChunks("-1\r\n{}\r\n0\r\n\r\n"), "400"],
    ["a chunk size out of range", inChunks(`${"f".repeat(17)}\r\n{`), "400"],
    ["chunks without carriage returns", inChunks("2\n{}\n0\n\n"), "400"],
    ["a huge chunk extension", inChunks(`1;${"a".repeat(20_000)}\r\n{`), "413"],
    ["too many trailers", inChunks(`2\r\n{}\r\n0\r\n${"a: b\r\n".repeat(5000)}\r\n`), "431"],
    ["a chunked body that is too large", inChunks(chunked("x".repeat(200_000))), "413 too_large"],
    ["valid chunks", inChunks(chunked(good)), "201"],
  ]);

  it("gets exactly one response per pipelined request", async () => {
    const alive = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    const outcome = async (...requests: string[]) => outcomeOf(await exchange(url(), requests.join("")));
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

  it("cannot keep its connection open by never sending the rest of a refused body", async () => {
    const stranger = `POST /api/fixture/items HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: 50000\r\n\r\n{`;
    assert.equal(outcomeOf(await exchange(url(), stranger)), "401 unauthenticated, 408");
  });

  it("causes no error when its client disconnects halfway", async () => {
    const halves = [postJson(good).subarray(0, -5), post("5\r\n{", json, "Transfer-Encoding: chunked"), get(list)];
    for (const bytes of halves) await exchange(url(), bytes, { limitMs: 20 });
    await eventually("an answer", async () => (await fetch(url() + list)).ok);
  });
});
