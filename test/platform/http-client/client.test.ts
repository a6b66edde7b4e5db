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

  it("gives status, headers and body, and uses the connection again", async () => {
    const there = await dependency((socket) => ok(socket, "héllo", "x-thing: 1\r\n"));
    for (let index = 0; index < 20; index++) {
      const answer = await client.request(`${there.url}/a%20b?c=d#e`, { headers: { "x-mine": "2" } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["x-thing"], "1");
      assert.equal(answer.body.toString(), "héllo");
    }
    // undici may open a second one for a call that follows at once.
    assert.ok(there.connections() <= 2, `${there.connections()} connections`);
    assert.match(there.received[0] ?? "", /^GET \/a%20b\?c=d HTTP\/1\.1\r\n/);
    assert.match(there.received[0] ?? "", /\r\nx-mine: 2\r\n/);
    await there.stop();
  });

  it("undoes gzip and brotli, and leaves what it did not ask for as it is", async () => {
    for (const [encoding, bytes, expected] of [
      ["gzip", gzipSync("plain"), "plain"],
      ["br", brotliCompressSync("plain"), "plain"],
      ["zebra", Buffer.from("striped"), "striped"],
    ] as const) {
      const there = await dependency((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${bytes.length}\r\n\r\n`);
        socket.write(bytes);
      });
      const answer = await client.request(there.url);
      assert.equal(answer.body.toString(), expected);
      assert.equal(answer.headers["content-encoding"], encoding === "zebra" ? "zebra" : undefined);
      await there.stop();
    }
  });

  it("reads an answer of exactly the limit, and not one byte more, announced or not", async () => {
    const limitBytes = 65_536;
    for (const [bytes, announced] of [
      [limitBytes, true],
      [limitBytes, false],
      [limitBytes + 1, true],
      [limitBytes + 1, false],
    ] as const) {
      const there = await dependency((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${announced ? `content-length: ${bytes}` : "connection: close"}\r\n\r\n`);
        socket.write(Buffer.alloc(bytes), () => announced || socket.end());
      });
      const called = client.request(there.url);
      if (bytes === limitBytes) {
        assert.equal((await called).body.length, limitBytes);
      } else {
        await assert.rejects(called, isProblem("dependency_failed"));
        await closed(there);
      }
      await there.stop();
    }
  });

  it("takes a HEAD's content-length for what it is", async () => {
    const there = await dependency((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n"));
    assert.equal((await client.request(there.url, { method: "HEAD" })).body.length, 0);
    await there.stop();
  });

  it("skips interim answers", async () => {
    const there = await dependency((socket) => {
      socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
      ok(socket);
    });
    assert.equal((await client.request(there.url)).status, 200);
    await there.stop();
  });

  it("gives up opening a connection at its own limit, and leaves no attempt behind", async () => {
    const there = await unanswering();
    const before = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const patient = clientWith({ timeoutMs: 5000 });
    const tookMs = await timed(() =>
      assert.rejects(patient.request(there.url, { method: "POST" }), isProblem("outbound_timeout")),
    );
    assert.ok(tookMs >= 145 && tookMs < 2000, `${tookMs} ms`);
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    await eventually("the attempt is over", () => sockets() <= before, 1000);
    await patient.close();
    await there.stop();
  });

  it("bounds name look-up with the rest", async () => {
    const slow = clientWith({ timeoutMs: 100, connectTimeoutMs: 2000, lookup: () => {} });
    const tookMs = await timed(() =>
      assert.rejects(slow.request("http://slow.example/"), isProblem("outbound_timeout")),
    );
    assert.ok(tookMs < 1000, `${tookMs} ms`);
    await slow.close();
  });

  it("bounds headers and body by one limit, and closes the connection", async () => {
    for (const sent of ["", "HTTP/1.1 200 OK\r\ncontent-", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"]) {
      const there = await dependency((socket) => socket.write(sent));
      const tookMs = await timed(() => assert.rejects(client.request(there.url), isProblem("outbound_timeout")));
      assert.ok(tookMs >= 395 && tookMs < 1400, `${tookMs} ms`);
      await closed(there);
      assert.equal(there.connections(), 1, "no connection is opened for a call that is over");
      await there.stop();
    }
  });

  it("bounds the wait for a connection when all are in use, and never sends what was given up", async () => {
    const one = clientWith({ connections: 1 });
    const there = await dependency((socket, requests) => {
      if (requests > 1) ok(socket);
    });
    const paths = ["/first", "/second", "/third"];
    const tookMs = await timed(() =>
      Promise.all(
        paths.map((path) => assert.rejects(one.request(there.url + path), isProblem("outbound_timeout"), path)),
      ),
    );
    assert.ok(tookMs < 1100, `${tookMs} ms`);
    await closed(there);
    // The first one's end may come a moment before the second one's, which then has a connection; the third has no chance.
    assert.doesNotMatch(there.received.join(""), /third/);
    await one.close();
    await there.stop();
  });

  it("opens no more connections to an origin than it may", async () => {
    const waiting: (() => void)[] = [];
    const there = await dependency((socket) => waiting.push(() => ok(socket)));
    const calls = Array.from({ length: 20 }, () => client.request(there.url));
    await eventually("five arrive", () => waiting.length === 5);
    for (let answered = 0; answered < 20; answered++) {
      const answer = await eventually("a request", () => waiting.shift());
      answer();
    }
    assert.ok((await Promise.all(calls)).every(({ status }) => status === 200));
    assert.equal(there.connections(), 5);
    await there.stop();
  });

  it("keeps a hostile number of tiny pieces in as much memory as their bytes", async () => {
    const large = clientWith({ maxResponseBytes: 1_048_576, timeoutMs: 5000 });
    const piece = Buffer.from("1\r\nx\r\n".repeat(10_000));
    const there = await dependency((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      endlessly(socket, piece);
    });
    const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
    const before = used();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, used() - before);
    }, 5);
    await assert.rejects(large.request(there.url), isProblem("dependency_failed"));
    clearInterval(watch);
    await closed(there);
    assert.ok(most < 60_000_000, `${most} bytes`);
    await large.close();
    await there.stop();
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
      const there = await dependency((socket) => socket.write(answer));
      await assert.rejects(client.request(there.url, { method: "POST" }), isProblem("dependency_failed"), answer);
      if (!answer.includes("gzip")) await closed(there);
      await there.stop();
    }
    const resetting = await dependency((socket) => socket.write("HTTP/1.1 200", () => socket.resetAndDestroy()));
    await assert.rejects(client.request(resetting.url, { method: "POST" }), isProblem("dependency_failed"));
    await resetting.stop();
  });

  it("does not follow a redirect", async () => {
    const there = await dependency((socket) =>
      socket.write("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"),
    );
    assert.equal((await client.request(there.url)).status, 302);
    await there.stop();
  });
});
