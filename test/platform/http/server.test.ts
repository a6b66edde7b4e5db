// Clients that do not read, on the real service: what they can make it keep, and who has to go.
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

  /** A client that has sent `text` and reads nothing. */
  function send(text: string): Socket {
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1").pause();
    socket.on("error", () => {});
    sockets.push(socket);
    socket.write(text);
    return socket;
  }

  /** Reads on, and gives the number of bytes until the server closes the connection, or `wanted` have come. */
  async function read(socket: Socket, wanted: number): Promise<number> {
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.resume();
    const closed = once(socket, "close").then(() => true);
    await eventually("the bytes", async () => bytes >= wanted || Promise.race([closed, sleep(10)]), 8000);
    return bytes;
  }

  it("keeps one answer of each, whatever they send ahead, in bounded memory", async () => {
    await start();
    const before = process.memoryUsage().arrayBuffers;
    const clients = Array.from({ length: 50 }, () => send(get("/large/1").repeat(10)));
    let mostBytes = 0;
    const startedAt = performance.now();
    while (performance.now() - startedAt < 3000) {
      mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - before);
      await sleep(20);
    }
    console.log(`      50 clients with 10 answers of 1 MB each: ${Math.round(mostBytes / megabyte)} MB at most`);
    assert.ok(handled < 500, `${handled} handled`);
    // Garbage is collected when it likes: what is kept is less.
    assert.ok(mostBytes < 200 * megabyte, `${mostBytes} bytes`);
    const [reader] = clients;
    assert.ok(reader);
    assert.ok((await read(reader, 10 * megabyte)) >= 10 * megabyte, "all are answered once they are read");
  });

  it("answers what was sent ahead in its order, each when the one before has been read", async () => {
    await start();
    const client = send([1, 30, 2, 3].map((megabytes) => get(`/large/${megabytes}`)).join(""));
    await eventually("the one that waits", () => handled === 2);
    await sleep(100);
    assert.equal(handled, 2);
    let text = "";
    client.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk.replaceAll("x", "");
    });
    client.resume();
    await eventually("all answers", () => text.split("HTTP/1.1 200 ").length === 5);
    const lengths = [...text.matchAll(/Content-Length: (\d+)/gi)].map(([, length]) => Number(length) / megabyte);
    assert.deepEqual(lengths, [1, 30, 2, 3]);
  });

  it("ends the connection of one that sends more than 256 ahead", async () => {
    await start();
    const allowed = send(get("/large/30") + get("/health/live").repeat(256));
    assert.ok((await read(allowed, 30 * megabyte + 256 * 200)) > 30 * megabyte + 256 * 200);
    assert.ok((await read(send(get("/large/30") + get("/health/live").repeat(257)), 30 * megabyte)) < 30 * megabyte);
  });

  it("reads no more of one that sends many bodies ahead, until the first request is answered", async () => {
    await start();
    const client = send(get("/held"));
    const head = "POST /api/automations HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n";
    for (let index = 0; index < 250; index++) client.write(head + " ".repeat(60_000));
    await sleep(1000);
    held.resolve();
    assert.ok(client.writableLength > 0, "15 MB are more than the kernel takes for a server that does not read");
    let text = "";
    client.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
    client.resume();
    await eventually("all answers", () => text.split("HTTP/1.1 401 ").length === 251);
  });

  it("ends a connection that takes nothing for SERVER_SEND_TIMEOUT_MS, and none that is merely slow", async () => {
    await start({ SERVER_SEND_TIMEOUT_MS: "500" });
    const startedAt = performance.now();
    const stuck = send(get("/large/30"));
    const slow = send(get("/large/30"));
    let bytes = 0;
    slow.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      slow.pause();
    });
    const reading = setInterval(() => slow.resume(), 2);
    // What has arrived can be read still; that it is not all is told by the end.
    await sleep(1500);
    assert.ok((await read(stuck, 30 * megabyte)) < 30 * megabyte);
    await eventually("all of it", () => bytes >= 30 * megabyte, 20_000);
    clearInterval(reading);
    assert.ok(performance.now() - startedAt > 700, "it was slower than the limit");
  });

  it("ends those that stand still for longest when all have too much, and never one that reads", async () => {
    await start();
    const stuck: Socket[] = [];
    for (let index = 0; index < 12; index++) {
      stuck.push(send(get("/large/8")));
      await eventually("its answer", () => handled === index + 1);
    }
    const reader = send(get("/large/30"));
    assert.ok((await read(reader, 30 * megabyte)) >= 30 * megabyte);
    const complete = await Promise.all(stuck.map(async (socket) => (await read(socket, 8 * megabyte)) >= 8 * megabyte));
    assert.ok(complete.indexOf(true) > 3, `the oldest had to go: ${complete}`);
    assert.ok(complete.at(-1), "the newest had not");
  });

  it("closes the oldest idle connection for one beyond SERVER_MAX_CONNECTIONS, and the new one when none is idle", async () => {
    await start({ SERVER_MAX_CONNECTIONS: "2" });
    const first = send(get("/large/8"));
    await eventually("its answer", () => handled === 1);
    const second = send(get("/health/live"));
    assert.ok((await read(second, 200)) > 0);
    const third = send(get("/large/8"));
    await eventually("the idle one's end", () => second.destroyed);
    await eventually("the answer of the third", () => handled === 2);
    assert.equal(await read(send(get("/health/live")), 1), 0, "both are at work");
    assert.ok((await read(first, 8 * megabyte)) >= 8 * megabyte, "the first was not cut");
    third.destroy();
    await eventually("room again", async () => (await read(send(get("/health/live")), 1)) > 0);
  });
});
