import assert from "node:assert/strict";
import packageJson from "../../package.json" with { type: "json" };
import benchPackageJson from "./package.json" with { type: "json" };
import { allPeers } from "./peers.ts";
import { withSurroundings } from "./processes.ts";
import { startServer } from "./server.ts";

describe("the peers of the benchmark", function () {
  this.timeout(120_000);

  it("use the same versions of the template's libraries", () => {
    const own: Record<string, string> = packageJson.dependencies;
    const shared = Object.entries(benchPackageJson.dependencies).filter(([name]) => name in own);
    assert(shared.length >= 4);
    for (const [name, version] of shared) assert.equal(version, own[name], name);
  });

  it("return the same responses, and trace every request if they trace", async () => {
    await withSurroundings(async (around) => {
      const paths = ["/items/1", "/items/73", "/items", "/work", "/items/1001"];
      const expected = new Map<string, string>();
      for (const peer of allPeers()) {
        await around.sink.forget();
        const server = await startServer(peer, around);
        try {
          let requests = server.answered;
          for (const path of paths) {
            const response = await fetch(server.url + path, { headers: { connection: "close" } });
            const body = await response.text();
            requests += 1;
            // Bodies for missing rows may differ.
            const answer = `${response.status} ${response.ok ? body : ""}`;
            assert.equal(answer, expected.get(path) ?? answer, `${peer.name} ${path}`);
            expected.set(path, answer);
          }
          await server.stop(requests);
          const received = await around.sink.received(peer.name);
          assert.equal(received.requests, peer.traced ? requests : 0, peer.name);
          // The server span plus one per query; requests before it was ready have none.
          assert(received.spans >= (peer.traced ? requests + paths.length : 0), peer.name);
        } finally {
          await server.kill();
        }
      }
      assert.match(
        expected.get("/items/73") ?? "",
        /^200 \{"id":73,"name":"Item 73",.*"rating":0\.4,"createdAt":"2026-/,
      );
      assert.equal(expected.get("/items")?.match(/"id":/g)?.length, 20);
      assert.equal(expected.get("/items/1001"), "404 ");
    });
  });
});
