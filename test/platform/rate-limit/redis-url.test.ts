import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { pino } from "pino";
import { redisAddress } from "../../../src/platform/rate-limit/redis-url.ts";
import { redisStore } from "../../../src/platform/rate-limit/store.ts";
import { addressOf } from "../../support/helper.ts";

describe("the URL of the rate-limit store", () => {
  it("holds host, credentials, database and TLS", () => {
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

  it("is refused with an unknown or malformed part", () => {
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

  it("always uses TLS with rediss, whatever its letter case and parameters", () => {
    const schemes = fc.mixedCase(fc.constant("rediss"));
    const names = fc.oneof(fc.constantFrom("tls", "ssl", "rejectUnauthorized", "family", "db", ""), fc.string());
    fc.assert(
      fc.property(schemes, names, fc.string(), (scheme, name, value) => {
        let address: ReturnType<typeof redisAddress> | undefined;
        try {
          address = redisAddress(`${scheme}://cache?${new URLSearchParams([[name, value]])}`);
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
    it(`decides what is sent on the wire: ${scheme}`, async () => {
      const sockets: Socket[] = [];
      const server = createServer((socket) => sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
      await once(server, "listening");
      const warnings: string[] = [];
      const log = pino({}, { write: (line: string) => warnings.push(JSON.parse(line).msg) });
      const url = `${scheme}://me:pw@${new URL(addressOf(server.address())).host}`;
      // Treats this machine's address as public.
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
