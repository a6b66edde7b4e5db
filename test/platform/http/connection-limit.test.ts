// The connection limit is shared by all clients. No single client may use it up.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { eventually, startService } from "../../support/helper.ts";

describe("a client that opens as many connections as are allowed", () => {
  for (const [what, sent] of Object.entries({
    "sends nothing": "",
    "keeps them open after a response": "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
  })) {
    it(`and ${what} does not lock out other clients`, async () => {
      const service = await startService({ env: { SERVER_MAX_CONNECTIONS: "50" } });
      const port = Number(new URL(service.url).port);
      let open = 0;
      const held = Array.from({ length: 50 }, () => {
        const socket = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2" });
        socket.on("connect", () => {
          open += 1;
          socket.write(sent);
        });
        return socket.on("error", () => {}).resume();
      });
      await eventually("open connections", () => open === 50);
      const other = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.3" }).on("error", () => {});
      other.end("GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      let answer = "";
      other.setEncoding("utf8").on("data", (text: string) => {
        answer += text;
      });
      await once(other, "close");
      for (const socket of held) socket.destroy();
      await service.stop();
      assert.match(answer, /^HTTP\/1\.1 200 /, "the other client got no response");
    });
  }
});
