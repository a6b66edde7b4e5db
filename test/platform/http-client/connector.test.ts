import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { Agent } from "undici";
import { addressPolicy } from "../../../src/platform/http-client/address-policy.ts";
import { guardedConnector } from "../../../src/platform/http-client/connector.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { clientWith, type Dependency, dependency, ok } from "./dependency.ts";

const refused = (error: unknown) => error instanceof Problem && error.type === "destination_refused";

/** A resolver that gives these answers one after the other, then the last one for ever. */
function resolver(...answers: (readonly string[])[]): LookupFunction {
  return function lookup(_hostname, options, callback) {
    const [answer = []] = answers.length > 1 ? answers.splice(0, 1) : answers;
    const addresses: LookupAddress[] = answer.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    if (options.all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? "", addresses[0]?.family ?? 4);
  };
}

describe("the address that is connected to", () => {
  let there: Dependency;
  let port: string;
  before(async () => {
    there = await dependency((socket) => ok(socket, "secret", "connection: close\r\n"));
    ({ port } = new URL(there.url));
  });
  after(() => there.stop());

  it("must be allowed, whatever the name is", async () => {
    const before = there.connections();
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
    assert.equal(there.connections(), before, "nothing was connected to");
  });

  it("must be allowed when the URL has it too, whoever uses the connector", async () => {
    const before = there.connections();
    const mayConnect = addressPolicy(["127.0.0.2"]);
    const agent = new Agent({ connect: guardedConnector({ mayConnect, connectTimeoutMs: 100, lookup: resolver() }) });
    await assert.rejects(agent.request({ origin: there.url, path: "/", method: "GET" }), refused);
    await agent.close();
    assert.equal(there.connections(), before);
  });

  it("is never one that was refused, when the name has others", async () => {
    const client = clientWith({
      allowPrivate: ["127.0.0.1"],
      lookup: resolver(["10.0.0.1", "127.0.0.1", "127.0.0.2"]),
    });
    const answer = await client.request(`http://mixed.example:${port}/`);
    assert.equal(answer.body.toString(), "secret");
    assert.equal([...there.received].at(-1)?.includes(`host: mixed.example:${port}`), true);
    await client.close();
  });

  it("is asked about for each connection: a name that moves (DNS rebinding) is refused then", async () => {
    const client = clientWith({ allowPrivate: ["127.0.0.1"], lookup: resolver(["127.0.0.1"], ["127.0.0.2"]) });
    const url = `http://rebinding.example:${port}/`;
    assert.equal((await client.request(url)).status, 200);
    await assert.rejects(client.request(url), refused);
    await client.close();
  });

  it("says nothing of what the name stands for", async () => {
    const client = clientWith({ allowPrivate: [], lookup: resolver(["10.11.12.13"]) });
    const error: unknown = await client.request("http://inside.example/").catch((reason: unknown) => reason);
    assert.ok(error instanceof Problem);
    assert.doesNotMatch(JSON.stringify(error.options) + error.message, /10\.|13/);
    await client.close();
  });
});
