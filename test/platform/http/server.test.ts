// Clients that do not read, on the real service: how much they can make it buffer, and which connections it closes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, startService } from "../../support/helper.ts";
import { publicRoute } from "../../support/public-route.ts";

const megabyte = 1_000_000;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe("a server whose clients do not read", () => {
  let service: Awaited<ReturnType<typeof startService>>;
  let sockets: Socket[];
  let handled: number;
  let held: PromiseWithResolvers<void>;

  async function start(env: Record<string, string> = {}): Promise<void> {
    sockets = [];
    handled = 0;
    held = Promise.withResolvers();
    service = await startService({
      env,
      routes: () => [
        publicRoute("/held", () => held.promise),
        {
          method: "GET",
          path: "/large/:megabytes",
          public: true,
          handle(ctx) {
            handled += 1;
            ctx.body = Buffer.alloc(Number(ctx.state.params.megabytes) * megabyte, "x");
          },
        },
      ],
    });
  }
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await service.stop();
  });

  /** Opens a connection that sends `text` and reads nothing. */
  function send(text: string): Socket {
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1").pause();
    socket.on("error", () => {});
    sockets.push(socket);
    socket.write(text);
    return socket;
  }

  /** Reads until the server closes the connection or `wanted` bytes have arrived; returns the number of bytes. */
  async function read(socket: Socket, wanted: number): Promise<number> {
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.resume();
    const closed = once(socket, "close").then(() => true);
    await eventually("the bytes", async () => bytes >= wanted || Promise.race([closed, sleep(10)]));
    return bytes;
  }

  it("buffers one response per connection, however many requests are pipelined", async () => {
    await start();
    const before = process.memoryUsage().arrayBuffers;
    const clients = Array.from({ length: 50 }, () => send(get("/large/1").repeat(10)));
    let peakBytes = 0;
    const startedAt = performance.now();
    while (performance.now() - startedAt < 3000) {
      peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers - before);
      await sleep(20);
    }
    console.log(`      50 clients with 10 responses of 1 MB each: at most ${Math.round(peakBytes / megabyte)} MB`);
    assert.ok(handled < 500, `${handled} handled`);
    // The figure includes garbage that has not been collected yet.
    assert.ok(peakBytes < 200 * megabyte, `${peakBytes} bytes`);
    const [reader] = clients;
    assert.ok(reader);
    assert.ok((await read(reader, 10 * megabyte)) >= 10 * megabyte, "all responses arrive once they are read");
  });

  it("handles pipelined requests in order, each once the response before it has been read", async () => {
    await start();
    const client = send([1, 30, 2, 3].map((megabytes) => get(`/large/${megabytes}`)).join(""));
    await eventually("a second handled request", () => handled === 2);
    await sleep(100);
    assert.equal(handled, 2);
    let text = "";
    client.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk.replaceAll("x", "");
    });
    client.resume();
    await eventually("all responses", () => text.split("HTTP/1.1 200 ").length === 5);
    const lengths = [...text.matchAll(/Content-Length: (\d+)/gi)].map(([, length]) => Number(length) / megabyte);
    assert.deepEqual(lengths, [1, 30, 2, 3]);
  });

  it("closes a connection with more than 256 pipelined requests", async () => {
    await start();
    const allowed = send(get("/large/30") + get("/health/live").repeat(256));
    assert.ok((await read(allowed, 30 * megabyte + 256 * 200)) > 30 * megabyte + 256 * 200);
    assert.ok((await read(send(get("/large/30") + get("/health/live").repeat(257)), 30 * megabyte)) < 30 * megabyte);
  });

  it("stops reading many pipelined bodies until the first request is answered", async () => {
    await start();
    const client = send(get("/held"));
    const head = "POST /api/fixture/items HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n";
    for (let index = 0; index < 250; index++) client.write(head + " ".repeat(60_000));
    await sleep(1000);
    held.resolve();
    assert.ok(client.writableLength > 0, "the kernel buffers less than 15 MB for a server that does not read");
    let text = "";
    client.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
    client.resume();
    await eventually("all responses", () => text.split("HTTP/1.1 401 ").length === 251);
  });

  it("closes a connection that reads nothing for SERVER_SEND_TIMEOUT_MS, but not a slow one", async () => {
    await start({ SERVER_SEND_TIMEOUT_MS: "2000" });
    const startedAt = performance.now();
    const stuck = send(get("/large/30"));
    const slow = send(get("/large/30"));
    let bytes = 0;
    slow.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      slow.pause();
    });
    const reading = setInterval(() => slow.resume(), 8);
    // What has already arrived can still be read, but it is not everything.
    await sleep(6000);
    assert.ok((await read(stuck, 30 * megabyte)) < 30 * megabyte);
    await eventually("the whole response", () => bytes >= 30 * megabyte);
    clearInterval(reading);
    assert.ok(performance.now() - startedAt > 2200, "the slow client took longer than the timeout");
  });

  it("closes the connections stalled longest when all buffer too much, never one that reads", async () => {
    await start();
    const stuck: Socket[] = [];
    for (let index = 0; index < 12; index++) {
      stuck.push(send(get("/large/8")));
      await eventually("its response", () => handled === index + 1);
    }
    const reader = send(get("/large/30"));
    assert.ok((await read(reader, 30 * megabyte)) >= 30 * megabyte);
    const complete = await Promise.all(stuck.map(async (socket) => (await read(socket, 8 * megabyte)) >= 8 * megabyte));
    assert.ok(complete.indexOf(true) > 3, `the oldest are closed: ${complete}`);
    assert.ok(complete.at(-1), "the newest stays open");
  });

  it("closes the oldest idle connection beyond SERVER_MAX_CONNECTIONS, or the new one if none is idle", async () => {
    await start({ SERVER_MAX_CONNECTIONS: "2" });
    const first = send(get("/large/8"));
    await eventually("its response", () => handled === 1);
    const second = send(get("/health/live"));
    assert.ok((await read(second, 200)) > 0);
    const third = send(get("/large/8"));
    await eventually("the end of the idle connection", () => second.destroyed);
    await eventually("the response to the third", () => handled === 2);
    assert.equal(await read(send(get("/health/live")), 1), 0, "both are busy");
    assert.ok((await read(first, 8 * megabyte)) >= 8 * megabyte, "the first was not cut off");
    third.destroy();
    await eventually("room for another connection", async () => (await read(send(get("/health/live")), 1)) > 0);
  });
});
