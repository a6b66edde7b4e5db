import assert from "node:assert/strict";
import { tracingChannel } from "node:diagnostics_channel";
import { connect } from "node:net";
import fc from "fast-check";
import type { Database } from "../../../src/platform/database/database.ts";
import type { Context, Route } from "../../../src/platform/http/types.ts";
import { startService } from "../../support/helper.ts";

interface Answer {
  status: number;
  text: string;
}

/** Sends a request line verbatim, which no HTTP client would do, and reads the whole response. */
function send(port: number, method: string, target: string, headers: readonly string[] = []): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const socket = connect(port, "127.0.0.1");
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    "Connection: close",
    "Content-Length: 0",
    ...headers,
  ];
  let text = "";
  socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${method} ${JSON.stringify(target)}`)));
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
  });
  socket.on("error", (error) => {
    if ("code" in error && error.code === "ECONNRESET") resolve({ status: Number(text.slice(9, 12)), text });
    else reject(error);
  });
  socket.on("close", () => resolve({ status: Number(text.slice(9, 12)), text }));
  socket.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  return promise;
}

/** Two public routes beside protected ones. The path of the first also matches that of the protected `/api/things/:id`. */
function routes(database: Database): Route[] {
  async function handle(ctx: Context) {
    ctx.body = await database.query("odd.path", "SELECT 1");
  }
  return [
    { method: "GET", path: "/api/things/catalog", public: true, handle },
    { method: "GET", path: "/api/open/things/catalog", public: true, handle },
    { method: "GET", path: "/api/things/:id", handle },
    { method: "POST", path: "/api/things", handle },
    { method: "PATCH", path: "/api/things/:id", handle },
    { method: "DELETE", path: "/api/things/:id", handle },
    { method: "POST", path: "/api/things/:id/calls", handle },
  ];
}
const protectedRoutes = [
  ["GET", "/api/things/1"],
  ["HEAD", "/api/things/1"],
  ["POST", "/api/things"],
  ["PATCH", "/api/things/1"],
  ["DELETE", "/api/things/1"],
  ["POST", "/api/things/1/calls"],
] as const;

const encoded = (char: string) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
const changes: Record<string, (char: string) => string> = {
  encode: encoded,
  "encode twice": (char) => encoded(char).replace("%", "%25"),
  "encode in capitals": (char) => encoded(char).toUpperCase(),
  overlong: (char) => `%c0%${(0x80 | (char.charCodeAt(0) & 0x3f)).toString(16)}`,
  "other case": (char) => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase()),
  drop: () => "",
};
const insertions = [
  ..."/.;?#%\\\0\t@:*~+\x7f\xff",
  ...[
    "//",
    "/./",
    "/../",
    "/x/../",
    "%2f",
    "%5c",
    "%2e",
    "%2e%2e/",
    "%252f",
    "%00",
    "%0d%0a",
    "%20",
    "%ff",
    "%zz",
    "%u002f",
  ],
  ...[";a=b", ";/../", ".json", "?a=/api/things/catalog", "#/api/things/catalog", "#", "?public=true"],
];
const mutation = fc.tuple(
  fc.nat(),
  fc.oneof(
    fc.constantFrom(...Object.keys(changes)).map((name) => ({ change: changes[name] })),
    fc.constantFrom(...insertions).map((text) => ({ insert: text })),
  ),
);
// Prepended last, so that no mutation reduces one of them to the public path.
const prefixes = [
  ...["", "", "", "", "/", "//", "//evil.example", "/.", "/..", "\\", "*", "evil.example:443"],
  ...["/api/things/catalog/..", "/api/things/catalog%2f..", "/api/things/catalog;", "/health/.."],
  ...["/api/things/catalog/../../..", "/metrics/../", "/api/open/things/catalog/../../../.."],
  ...[
    "http://localhost",
    "http://evil.example",
    "HTTP://LOCALHOST:1",
    "https://a:b@localhost",
    "ftp://localhost",
    "http://",
    "file://",
  ],
];
const hostileHeaders = [
  [],
  ["X-Original-URL: /api/things/catalog", "X-Rewrite-URL: /api/things/catalog"],
  ["X-Forwarded-For: 127.0.0.1", "X-Forwarded-Prefix: /api/things/catalog", "X-Real-IP: 127.0.0.1"],
  ["X-HTTP-Method-Override: GET", "X-Method-Override: GET"],
  ["Authorization: Bearer null", "X-API-Key: null"],
] as const;

const spelling = fc
  .record({
    route: fc.constantFrom(...protectedRoutes),
    mutations: fc.array(mutation, { maxLength: 4 }),
    prefix: fc.constantFrom(...prefixes),
    headers: fc.constantFrom(...hostileHeaders),
  })
  .map(({ route: [method, path], mutations, prefix, headers }) => {
    let target: string = path;
    for (const [anywhere, mutate] of mutations) {
      const at = anywhere % (target.length + 1);
      if ("insert" in mutate) target = target.slice(0, at) + mutate.insert + target.slice(at);
      else target = target.slice(0, at) + (mutate.change?.(target.charAt(at)) ?? "") + target.slice(at + 1);
    }
    return { method, target: prefix + target, headers };
  });

describe("odd spellings of protected paths", () => {
  let service: Awaited<ReturnType<typeof startService>>;
  let port: number;
  let statements = 0;
  const counter = {
    start() {
      statements += 1;
    },
  };
  const channels = [tracingChannel("mysql2:query"), tracingChannel("mysql2:execute")];
  before(async () => {
    service = await startService({ routes });
    port = Number(new URL(service.url).port);
    for (const channel of channels) channel.start.subscribe(counter.start);
  });
  after(async () => {
    for (const channel of channels) channel.start.unsubscribe(counter.start);
    await service.stop();
  });

  it("never reach a handler without credentials, in 10,000 attempts", async function () {
    this.timeout(100_000);
    statements = 0;
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(spelling, { minLength: 100, maxLength: 100 }), async (spellings) => {
        const answers = await Promise.all(
          spellings.map(({ method, target, headers }) => send(port, method, target, headers)),
        );
        for (const [at, { status, text }] of answers.entries()) {
          const what = `${JSON.stringify(spellings[at])}: ${text}`;
          assert.ok([400, 401, 404].includes(status), what);
          // A handler's 400 is a problem; Node's own, for a malformed message, has no body.
          assert.doesNotMatch(text, /invalid_request/, what);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }),
      { numRuns: 100 },
    );
    assert.equal(statements, 0, "no SQL statement was run");
    for (const status of [400, 401, 404])
      assert.ok((statuses.get(status) ?? 0) > 300, `${status}: ${statuses.get(status)}`);
  });

  it("still reach the protected route with credentials if a normal client could send them", async () => {
    assert.equal((await fetch(`${service.url}/api/things/catalog/../1`)).status, 401);
    assert.equal((await send(port, "GET", "/API/Things/1/")).status, 401);
    assert.equal((await send(port, "GET", "http://localhost/api/things/1")).status, 401);
    assert.notEqual((await service.call("POST", "/api/things/1/calls")).status, 401);
    assert.equal((await service.call("GET", "/api/things/2")).status, 200);
  });

  it("leave the public routes open", async () => {
    for (const path of ["/api/things/catalog", "/api/open/things/catalog"]) {
      for (const target of [path, `${path}?limit=2`, `${path}/`, `http://localhost${path}`, path.toUpperCase()]) {
        assert.equal((await send(port, "GET", target)).status, 200, target);
      }
    }
    for (const target of ["/health", "/health/live", "/health/ready"]) {
      assert.equal((await send(port, "GET", target)).status, 200, target);
    }
  });
});
