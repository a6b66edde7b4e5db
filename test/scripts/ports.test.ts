import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { freePort, requireFreePorts } from "../../scripts/bootstrap/ports.js";

describe("ports of npm run local", () => {
  for (const host of ["127.0.0.1", "0.0.0.0", "::"]) {
    it(`reports a port that is taken on ${host}, with the variable to change`, async () => {
      const server = createServer().listen(0, host);
      await once(server, "listening");
      const address = server.address();
      assert(address !== null && typeof address === "object");
      try {
        await assert.rejects(
          requireFreePorts([{ variable: "VIEWER_PORT", port: address.port, what: "the traces page" }]),
          { message: `Port ${address.port} is taken: set VIEWER_PORT to a free one for the traces page.` },
        );
      } finally {
        server.close();
      }
    });
  }

  it("reports two variables with the same port", async () => {
    const port = await freePort();
    const settings = [
      { variable: "PORT", port, what: "the service" },
      { variable: "VIEWER_PORT", port, what: "the traces page" },
    ];
    await assert.rejects(requireFreePorts(settings), {
      message: `PORT and VIEWER_PORT are both ${port}: give the traces page another port.`,
    });
  });

  it("leaves a free port free", async () => {
    const port = await freePort();
    await requireFreePorts([{ variable: "PORT", port, what: "the service" }]);
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
  });
});
