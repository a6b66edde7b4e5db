import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { startService } from "../../support/helper.ts";

describe("request target", () => {
  let service: Awaited<ReturnType<typeof startService>>;
  before(async () => {
    service = await startService({ items: 1 });
  });
  after(() => service.stop());

  async function statusOf(target: string, method = "GET"): Promise<number> {
    const { port } = new URL(service.url);
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(socket, "close");
    return Number(/^HTTP\/1\.1 (\d+)/.exec(Buffer.concat(chunks).toString())?.[1]);
  }

  it("may be a path or an absolute URL, which lead to the same route", async () => {
    assert.equal(await statusOf("/api/fixture/items"), 200);
    assert.equal(await statusOf("http://anything:81/api/fixture/items?limit=1"), 200);
    assert.equal(await statusOf("http://anything/api/fixture/items/1"), 401);
  });

  it("gets 404 when it is neither, never a 500", async () => {
    assert.equal(await statusOf("http://[/api"), 404);
    assert.equal(await statusOf("HTTP://LOCALHOST:1%@c0%afapi/fixture/items/1/calls", "POST"), 404);
    assert.equal(await statusOf("*", "OPTIONS"), 404);
  });
});
