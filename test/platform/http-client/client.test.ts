import assert from "node:assert/strict";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { Problem, type ProblemType } from "../../../src/platform/request/problem.ts";
import { eventually, freePort } from "../../support/helper.ts";
import { clientWith, closed, dependency, endlessly, ok, unanswering } from "./dependency.ts";

function isProblem(type: ProblemType) {
  return (error: unknown) => error instanceof Problem && error.type === type;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

describe("http client", () => {
  const client = clientWith();
  after(() => client.close());

  it("returns status, headers and body, and reuses the connection", async () => {
    const target = await dependency((socket) => ok(socket, "héllo", "x-thing: 1\r\n"));
    for (let index = 0; index < 20; index++) {
      const answer = await client.request(`${target.url}/a%20b?c=d#e`, { headers: { "x-mine": "2" } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["x-thing"], "1");
      assert.equal(answer.body.toString(), "héllo");
    }
    // undici may open a second connection for a call that follows immediately.
    assert.ok(target.connections() <= 2, `${target.connections()} connections`);
    assert.match(target.received[0] ?? "", /^GET \/a%20b\?c=d HTTP\/1\.1\r\n/);
    assert.match(target.received[0] ?? "", /\r\nx-mine: 2\r\n/);
    await target.stop();
  });

  it("decompresses gzip and brotli, and leaves other encodings as they are", async () => {
    for (const [encoding, bytes, expected] of [
      ["gzip", gzipSync("plain"), "plain"],
      ["br", brotliCompressSync("plain"), "plain"],
      ["zebra", Buffer.from("striped"), "striped"],
    ] as const) {
      const target = await dependency((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${bytes.length}\r\n\r\n`);
        socket.write(bytes);
      });
      const answer = await client.request(target.url);
      assert.equal(answer.body.toString(), expected);
      assert.equal(answer.headers["content-encoding"], encoding === "zebra" ? "zebra" : undefined);
      await target.stop();
    }
  });

  it("reads a response of exactly the limit and not a byte more, with or without content-length", async () => {
    const limitBytes = 65_536;
    for (const [bytes, announced] of [
      [limitBytes, true],
      [limitBytes, false],
      [limitBytes + 1, true],
      [limitBytes + 1, false],
    ] as const) {
      const target = await dependency((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${announced ? `content-length: ${bytes}` : "connection: close"}\r\n\r\n`);
        socket.write(Buffer.alloc(bytes), () => announced || socket.end());
      });
      const called = client.request(target.url);
      if (bytes === limitBytes) {
        assert.equal((await called).body.length, limitBytes);
      } else {
        await assert.rejects(called, isProblem("dependency_failed"));
        await closed(target);
      }
      await target.stop();
    }
  });

  it("ignores the content-length of a response to HEAD", async () => {
    const target = await dependency((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n"));
    assert.equal((await client.request(target.url, { method: "HEAD" })).body.length, 0);
    await target.stop();
  });

  it("skips interim responses", async () => {
    const target = await dependency((socket) => {
      socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
      ok(socket);
    });
    assert.equal((await client.request(target.url)).status, 200);
    await target.stop();
  });

  it("stops opening a connection at the connect timeout, and leaves no socket behind", async () => {
    const target = await unanswering();
    const before = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const patient = clientWith({ timeoutMs: 20_000 });
    const tookMs = await timed(() =>
      assert.rejects(patient.request(target.url, { method: "POST" }), isProblem("outbound_timeout")),
    );
    assert.ok(tookMs >= 145 && tookMs < 15_000, `${tookMs} ms`);
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    await eventually("the socket to close", () => sockets() <= before);
    await patient.close();
    await target.stop();
  });

  it("includes the DNS lookup in the time limit", async () => {
    const slow = clientWith({ timeoutMs: 100, connectTimeoutMs: 5000, lookup: () => {} });
    const tookMs = await timed(() =>
      assert.rejects(slow.request("http://slow.example/"), isProblem("outbound_timeout")),
    );
    assert.ok(tookMs < 4000, `${tookMs} ms`);
    await slow.close();
  });

  it("applies one time limit to headers and body, and closes the connection", async () => {
    for (const sent of ["", "HTTP/1.1 200 OK\r\ncontent-", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"]) {
      const target = await dependency((socket) => socket.write(sent));
      const tookMs = await timed(() => assert.rejects(client.request(target.url), isProblem("outbound_timeout")));
      assert.ok(tookMs >= 395 && tookMs < 10_000, `${tookMs} ms`);
      await closed(target);
      assert.equal(target.connections(), 1, "opens no connection for a call that is over");
      await target.stop();
    }
  });

  it("limits the wait for a connection, and never sends a call that has timed out", async () => {
    const one = clientWith({ connections: 1, timeoutMs: 1500 });
    const target = await dependency((socket, requests) => {
      if (requests > 1) ok(socket);
    });
    const paths = ["/first", "/second", "/third"];
    const tookMs = await timed(() =>
      Promise.all(
        paths.map((path) => assert.rejects(one.request(target.url + path), isProblem("outbound_timeout"), path)),
      ),
    );
    assert.ok(tookMs < 4000, `${tookMs} ms`);
    await closed(target);
    // If the first call times out a moment before the second, the second may get its connection; the third never does.
    assert.doesNotMatch(target.received.join(""), /third/);
    await one.close();
    await target.stop();
  });

  it("opens at most the allowed number of connections per origin", async () => {
    const waiting: (() => void)[] = [];
    const target = await dependency((socket) => waiting.push(() => ok(socket)));
    const calls = Array.from({ length: 20 }, () => client.request(target.url));
    await eventually("five requests", () => waiting.length === 5);
    for (let answered = 0; answered < 20; answered++) {
      const answer = await eventually("a request", () => waiting.shift());
      answer();
    }
    assert.ok((await Promise.all(calls)).every(({ status }) => status === 200));
    assert.equal(target.connections(), 5);
    await target.stop();
  });

  it("stores a huge number of tiny chunks in no more memory than their bytes need", async () => {
    const large = clientWith({ maxResponseBytes: 1_048_576, timeoutMs: 5000 });
    const piece = Buffer.from("1\r\nx\r\n".repeat(10_000));
    const target = await dependency((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      endlessly(socket, piece);
    });
    const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
    const before = used();
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, used() - before);
    }, 5);
    await assert.rejects(large.request(target.url), isProblem("dependency_failed"));
    clearInterval(watch);
    await closed(target);
    assert.ok(peak < 60_000_000, `${peak} bytes`);
    await large.close();
    await target.stop();
  });

  it("fails when the dependency refuses, resets, or does not speak HTTP", async () => {
    const refusing = `http://127.0.0.1:${await freePort()}`;
    await assert.rejects(client.request(refusing, { method: "POST" }), isProblem("dependency_failed"));
    for (const answer of [
      "SSH-2.0-OpenSSH_9.2\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
      "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${"t: r\r\n".repeat(20_000)}\r\n`,
      "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
    ]) {
      const target = await dependency((socket) => socket.write(answer));
      await assert.rejects(client.request(target.url, { method: "POST" }), isProblem("dependency_failed"), answer);
      if (!answer.includes("gzip")) await closed(target);
      await target.stop();
    }
    const resetting = await dependency((socket) => socket.write("HTTP/1.1 200", () => socket.resetAndDestroy()));
    await assert.rejects(client.request(resetting.url, { method: "POST" }), isProblem("dependency_failed"));
    await resetting.stop();
  });

  it("does not follow a redirect", async () => {
    const target = await dependency((socket) =>
      socket.write("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"),
    );
    assert.equal((await client.request(target.url)).status, 302);
    await target.stop();
  });
});
