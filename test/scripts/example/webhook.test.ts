import { equal, match, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type Child, start, stopped } from "../child.ts";

describe("the webhook receiver", () => {
  let receiver: Child;
  let hooks: string;

  beforeEach(async () => {
    receiver = start("example/webhook.ts", { WEBHOOK_PORT: "0" });
    const [, url = ""] = await receiver.waitForOutput(/listening on (\S+)/);
    hooks = url;
  });

  afterEach(async () => {
    receiver.process.kill("SIGKILL");
    await receiver.ended;
  });

  const post = (name: string, init: RequestInit = {}) =>
    fetch(`${hooks}/${name}`, { method: "POST", body: "{}", ...init });

  it("responds to any hook with 200", async () => {
    for (const name of ["steady", "constructor"]) equal((await post(name)).status, 200);
  });

  it("reports that it is healthy", async () => {
    equal((await fetch(new URL("/healthz", hooks))).status, 200);
  });

  it("responds to the slow hook with 200 after 1.2 s", async () => {
    const began = performance.now();
    equal((await post("slow")).status, 200);
    const ms = performance.now() - began;
    ok(ms >= 1_190 && ms < 1_450, `${ms} ms`);
  });

  it("responds to the failing hook with 500", async () => {
    equal((await post("failing")).status, 500);
  });

  it("never responds to the hanging hook", async () => {
    await rejects(post("hanging", { signal: AbortSignal.timeout(300) }), { name: "TimeoutError" });
  });

  it("rejects other methods and paths", async () => {
    equal((await fetch(`${hooks}/steady`)).status, 405);
    equal((await fetch(new URL("/elsewhere", hooks), { method: "POST" })).status, 404);
  });

  it("rejects a body over 64 KiB", async () => {
    equal((await post("steady", { body: "x".repeat(64 * 1024) })).status, 200);
    equal((await post("steady", { body: "x".repeat(64 * 1024 + 1) })).status, 413);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`stops at once on ${signal}, with a hanging hook open`, async () => {
      const hanging = post("hanging").then(
        () => "answered",
        () => "cut off",
      );
      // A response on another connection: by now the hanging request has arrived.
      await post("steady");
      const { code, ms } = await stopped(receiver, signal);
      equal(code, 0);
      ok(ms < 500, `${ms} ms`);
      equal(await hanging, "cut off");
    });
  }
});

describe("the webhook receiver's start", () => {
  it("exits with a line that names the variable when its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = String(typeof address === "object" && address?.port);
    const receiver = start("example/webhook.ts", { WEBHOOK_PORT: port });
    equal(await receiver.ended, 1);
    other.close();
    equal(receiver.output(), `WEBHOOK_PORT: ${port} on 127.0.0.1 is taken, set WEBHOOK_PORT to a free port\n`);
  });

  for (const port of ["", "http", "65536", "-1"]) {
    it(`exits with a line that says what it takes when the port is "${port}"`, async () => {
      const receiver = start("example/webhook.ts", { WEBHOOK_PORT: port });
      equal(await receiver.ended, 1);
      match(receiver.output(), /^WEBHOOK_PORT is "[^"]*": it takes a port from 1 to 65535.*\n$/);
    });
  }

  it("exits with one line when the host does not belong to this machine", async () => {
    const receiver = start("example/webhook.ts", { WEBHOOK_HOST: "192.0.2.1", WEBHOOK_PORT: "0" });
    equal(await receiver.ended, 1);
    match(receiver.output(), /^WEBHOOK_HOST, WEBHOOK_PORT: cannot listen on 192\.0\.2\.1:0 \(EADDRNOTAVAIL\)\n$/);
  });
});
