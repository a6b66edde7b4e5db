import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { pino } from "pino";
import { redisAddress } from "../../../src/platform/rate-limit/redis-url.ts";
import { redisStore } from "../../../src/platform/rate-limit/store.ts";
import { addressOf } from "../../support/helper.ts";

describe("the URL of the rate-limit store", () => {
  it("says where, as whom, and whether with TLS", () => {
    assert.deepEqual(redisAddress("redis://cache"), { host: "cache", port: 6379 });
    assert.deepEqual(redisAddress("rediss://me:p%40ss%2F@[::1]:7000/3?family=6"), {
      host: "::1",
      port: 7000,
      username: "me",
      password: "p@ss/",
      db: 3,
      family: 6,
      tls: {},
    });
    assert.deepEqual(redisAddress("redis://:pw@cache/"), { host: "cache", port: 6379, password: "pw" });
  });

  it("is refused when it has a part that is not known, or a malformed one", () => {
    for (const url of [
      "redis://cache?tls=true",
      "redis://cache?commandTimeout=0",
      "redis://cache?family=6&family=4",
      "redis://cache?family=5",
      "redis://cache#fragment",
      "redis://cache/one",
      "redis://:%zz@cache",
      "redis:///1",
      "redis:cache",
      "mysql://cache",
    ])
      assert.throws(() => redisAddress(url), Error, url);
  });

  it("never leads to a plain connection when it says rediss, whatever its other parts and its letters", () => {
    const schemes = fc.mixedCase(fc.constant("rediss"));
    const parts = fc.oneof(fc.constantFrom("tls", "ssl", "rejectUnauthorized", "family", "db", ""), fc.string());
    fc.assert(
      fc.property(schemes, parts, fc.string(), (scheme, part, value) => {
        let address: ReturnType<typeof redisAddress> | undefined;
        try {
          address = redisAddress(`${scheme}://cache?${new URLSearchParams([[part, value]])}`);
        } catch {
          return;
        }
        assert.ok(address.tls);
      }),
    );
  });

  for (const [scheme, firstByte] of [
    ["redis", "*".charCodeAt(0)],
    ["rediss", 22],
    ["REDISS", 22],
  ] as const) {
    it(`is heeded on the wire: ${scheme}`, async () => {
      const sockets: Socket[] = [];
      const server = createServer((socket) => sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
      await once(server, "listening");
      const warnings: string[] = [];
      const log = pino({}, { write: (line: string) => warnings.push(JSON.parse(line).msg) });
      const url = `${scheme}://me:pw@${new URL(addressOf(server.address())).host}`;
      // As if this machine were far away.
      const store = redisStore(url, log, { warnOfPlainTextTo: () => true });
      await once(server, "connection");
      const [data] = await once(sockets[0] ?? server, "data");
      assert.equal(data[0], firstByte);
      assert.deepEqual(
        [warnings.length, /in plain text/.test(warnings.join())],
        scheme === "redis" ? [1, true] : [0, false],
      );
      await store.close();
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }
});
