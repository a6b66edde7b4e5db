import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { Agent } from "undici";
import { addressPolicy } from "../../../src/platform/http-client/address-policy.ts";
import { guardedConnector } from "../../../src/platform/http-client/connector.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { clientWith, type Dependency, dependency, ok } from "./dependency.ts";

const refused = (error: unknown) => error instanceof Problem && error.type === "destination_refused";

/** A resolver that returns these answers in order, then keeps returning the last. */
function resolver(...answers: (readonly string[])[]): LookupFunction {
  return function lookup(_hostname, options, callback) {
    const [answer = []] = answers.length > 1 ? answers.splice(0, 1) : answers;
    const addresses: LookupAddress[] = answer.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    if (options.all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? "", addresses[0]?.family ?? 4);
  };
}

describe("the address of a connection", () => {
  let target: Dependency;
  let port: string;
  before(async () => {
    target = await dependency((socket) => ok(socket, "secret", "connection: close\r\n"));
    ({ port } = new URL(target.url));
  });
  after(() => target.stop());

  it("must be allowed, whatever the host name", async () => {
    const before = target.connections();
    for (const addresses of [["127.0.0.1"], ["::1"], ["127.0.0.1", "10.0.0.1"], ["::ffff:127.0.0.1"]]) {
      const client = clientWith({ allowPrivate: [], lookup: resolver(addresses) });
      await assert.rejects(client.request(`http://public.example:${port}/`), refused);
      await client.close();
    }
    const system = clientWith({ allowPrivate: [] });
    for (const host of ["localhost", "127.0.0.1", "127.1", "0x7f000001", "[::1]", "[::ffff:7f00:1]"]) {
      await assert.rejects(system.request(`http://${host}:${port}/`), refused, host);
    }
    await system.close();
    assert.equal(target.connections(), before, "no connection was opened");
  });

  it("must be allowed when it comes from the URL too", async () => {
    const before = target.connections();
    const mayConnect = addressPolicy(["127.0.0.2"]);
    const agent = new Agent({ connect: guardedConnector({ mayConnect, connectTimeoutMs: 100, lookup: resolver() }) });
    await assert.rejects(agent.request({ origin: target.url, path: "/", method: "GET" }), refused);
    await agent.close();
    assert.equal(target.connections(), before);
  });

  it("is an allowed one when the name also has others", async () => {
    const client = clientWith({
      allowPrivate: ["127.0.0.1"],
      lookup: resolver(["10.0.0.1", "127.0.0.1", "127.0.0.2"]),
    });
    const answer = await client.request(`http://mixed.example:${port}/`);
    assert.equal(answer.body.toString(), "secret");
    assert.equal([...target.received].at(-1)?.includes(`host: mixed.example:${port}`), true);
    await client.close();
  });

  it("is checked for each connection, which stops DNS rebinding", async () => {
    const client = clientWith({ allowPrivate: ["127.0.0.1"], lookup: resolver(["127.0.0.1"], ["127.0.0.2"]) });
    const url = `http://rebinding.example:${port}/`;
    assert.equal((await client.request(url)).status, 200);
    await assert.rejects(client.request(url), refused);
    await client.close();
  });

  it("does not appear in the error", async () => {
    const client = clientWith({ allowPrivate: [], lookup: resolver(["10.11.12.13"]) });
    const error: unknown = await client.request("http://inside.example/").catch((reason: unknown) => reason);
    assert.ok(error instanceof Problem);
    assert.doesNotMatch(JSON.stringify(error.options) + error.message, /10\.|13/);
    await client.close();
  });
});
