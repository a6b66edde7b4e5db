import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { addressOf } from "../support/helper.ts";
import { startClients } from "./processes.ts";

describe("the clients of the benchmark", () => {
  it("return each run's own result, even when the previous one was never awaited", async () => {
    const dead = createServer((request) => request.socket.destroy()).listen(0, "127.0.0.1");
    const alive = createServer((_request, response) => response.end()).listen(0, "127.0.0.1");
    await Promise.all([once(dead, "listening"), once(alive, "listening")]);
    const clients = startClients();
    try {
      const ask = (server: typeof dead) =>
        clients.run({ url: addressOf(server.address()), path: "/", clients: 2, seconds: 0.2 });
      const abandoned = ask(dead);
      const { good, bad } = await ask(alive);
      assert.deepEqual(bad, {});
      assert(good > 0);
      assert.equal((await abandoned).good, 0);
    } finally {
      clients.stop();
      dead.close();
      alive.close();
    }
  });
});
