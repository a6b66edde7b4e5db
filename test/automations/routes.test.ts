import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { RowDataPacket } from "mysql2/promise";
import { z } from "zod";
import { serviceCommand } from "../../scripts/bootstrap/service-command.js";
import { domains } from "../../src/domains.ts";
import { migrate } from "../../src/platform/database/migrate.ts";
import { addressOf, createDatabase, silent, spawnService, startService, token } from "../support/helper.ts";

const pageResponse = z.strictObject({
  items: z.array(
    z.strictObject({
      id: z.number(),
      name: z.string(),
      description: z.string(),
      category: z.string(),
      popularity: z.number(),
      rating: z.number(),
      createdAt: z.iso.datetime(),
    }),
  ),
  nextCursor: z.string().nullable(),
  total: z.number().optional(),
});
const problemResponse = z.looseObject({
  type: z.string(),
  status: z.number(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

let service: Awaited<ReturnType<typeof startService>>;
before(async () => {
  service = await startService({
    env: { SEED_AUTOMATIONS: "300", OUTBOUND_TIMEOUT_MS: "300", OUTBOUND_CONNECT_TIMEOUT_MS: "100" },
  });
});
after(() => service.stop());

async function list(query: string, path = "/api/automations/marketplace") {
  const response = await fetch(`${service.url}${path}?${query}`);
  assert.equal(response.status, 200);
  return pageResponse.parse(await response.json());
}

async function problemOf(response: Response) {
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const problem = problemResponse.parse(await response.json());
  assert.equal(problem.status, response.status);
  return problem;
}

describe("GET /api/automations/marketplace", () => {
  for (const [sort, key] of [
    ["popular", "popularity"],
    ["rating", "rating"],
    ["newest", "createdAt"],
  ] as const) {
    it(`returns every automation once, sorted by ${key}, page by page`, async () => {
      const seen = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const page = await list(`sort=${sort}&limit=37${cursor && `&cursor=${cursor}`}`);
        seen.push(...page.items);
        cursor = page.nextCursor;
      }
      assert.equal(new Set(seen.map((item) => item.id)).size, 300);
      assert.equal(seen.length, 300);
      const keys = seen.map((item) => item[key]);
      assert.deepEqual(
        keys,
        keys.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)),
      );
    });
  }

  it("filters by category and text, and counts only on request", async () => {
    const all = await list("limit=100&category=crm&count=true");
    assert.ok(all.items.length > 0);
    assert.ok(all.items.every((item) => item.category === "crm"));
    assert.equal(all.total, all.items.length);
    const found = await list("search=cRm&limit=100");
    assert.ok(found.items.length > 0);
    assert.ok(found.items.every((item) => /crm/i.test(item.name + item.description)));
    assert.equal(found.total, undefined);
  });

  it("takes SQL wildcards literally", async () => {
    for (const text of ["%", "_", "|", "\\", "'", '"', "100%_|"]) {
      assert.equal((await list(`search=${encodeURIComponent(text)}`)).items.length, 0, text);
    }
    const odd = `100%_|\\'" off 😀 ${Date.now()}`;
    const created = await service.call("POST", "/api/automations", {
      name: odd,
      category: "sales",
      webhookUrl: "http://127.0.0.1:9/hooks",
    });
    assert.equal(created.status, 201);
    const { items } = await list(`search=${encodeURIComponent(odd)}`);
    assert.deepEqual(
      items.map((item) => item.name),
      [odd],
    );
    assert.equal((await service.call("DELETE", created.headers.get("location") ?? "")).status, 204);
  });

  it("names each invalid parameter", async () => {
    const problem = await problemOf(
      await fetch(
        `${service.url}/api/automations/marketplace?limit=0&sort=age&cursor=zz&category=crm&category=hr&page=2`,
      ),
    );
    assert.equal(problem.type, "invalid_request");
    assert.deepEqual(
      new Set(problem.errors?.map((error) => error.field)),
      new Set(["limit", "sort", "category", "page"]),
    );
    const invalidCursor = await problemOf(await fetch(`${service.url}/api/automations/marketplace?cursor=zz`));
    assert.deepEqual(
      invalidCursor.errors?.map((error) => error.field),
      ["cursor"],
    );
  });
});

describe("a forged cursor", () => {
  it("gets a page or a 400, never a server error", async () => {
    const keys = [-1, 0, 1e-9, 4.5, 2 ** 31, 2 ** 53, 253_402_300_799_999, 253_402_300_800_000, 8.64e15, 1e300];
    const statuses = new Set<number>();
    for (const sort of ["popular", "rating", "newest"]) {
      for (const key of keys) {
        for (const id of [1, Number.MAX_SAFE_INTEGER, 1e300]) {
          const cursor = Buffer.from(JSON.stringify([sort, key, id])).toString("base64url");
          const answer = await fetch(`${service.url}/api/automations/marketplace?sort=${sort}&cursor=${cursor}`);
          statuses.add(answer.status);
        }
      }
    }
    assert.deepEqual([...statuses].sort(), [200, 400]);
  });
});

describe("GET /api/optimized/automations/marketplace", () => {
  const path = "/api/optimized/automations/marketplace";

  it("returns the same page as the plain list, and 304 when the client has it", async () => {
    assert.deepEqual(await list("category=hr&limit=5", path), await list("category=hr&limit=5"));
    const first = await fetch(`${service.url}${path}?limit=5`);
    const etag = first.headers.get("etag") ?? "";
    assert.match(first.headers.get("cache-control") ?? "", /^public, max-age=5, stale-while-revalidate=60/);
    assert.equal(first.headers.get("age"), "0");
    // Without a Cache-Control of its own, fetch would ask for a full reload.
    const headers = { "if-none-match": etag, "cache-control": "max-age=0" };
    const second = await fetch(`${service.url}${path}?limit=5`, { headers });
    assert.equal(second.status, 304);
    assert.equal(await second.text(), "");
    assert.equal(second.headers.get("etag"), etag);
  });

  it("bounds its cache in bytes, so that many different pages cannot fill a heap of 56 MB", async () => {
    const db = await createDatabase();
    await migrate(db.connection, domains, silent);
    const row = ["a".repeat(100), "€".repeat(1000), "data", "http://127.0.0.1:9/", new Date(), new Date()];
    const sql = "INSERT INTO automations (name, description, category, webhook_url, created_at, updated_at) VALUES ?";
    await db.connection.query(sql, [Array.from({ length: 100 }, () => row)]);
    const small = await spawnService({ MYSQL_URL: db.url, OTEL_SDK_DISABLED: "true" }, [
      "--max-old-space-size=56",
      ...serviceCommand,
    ]);
    for (const sort of ["popular", "newest"]) {
      for (let length = 1; length <= 100; length++) {
        const page = await fetch(`${small.url}${path}?limit=100&sort=${sort}&search=${"a".repeat(length)}`);
        assert.equal(page.status, 200);
        assert.ok((await page.text()).length > 100_000);
      }
    }
    assert.equal(await small.stop(), 0, small.errors().slice(-500));
    await db.drop();
  });

  it("keeps answering from the cache when the database is gone", async () => {
    const env = { MARKETPLACE_FRESH_MS: "1", MARKETPLACE_STALE_MS: "0" };
    const other = await startService({ env: { SEED_AUTOMATIONS: "10", ...env } });
    const cached = await (await fetch(other.url + path)).text();
    await other.database.close();
    const stale = await fetch(other.url + path);
    assert.equal(stale.status, 200);
    assert.equal(await stale.text(), cached);
    assert.equal(stale.headers.get("x-cache"), "stale");
    const uncached = await fetch(`${other.url}${path}?limit=1`);
    assert.ok(uncached.status >= 500);
    await other.stop();
  });
});

describe("automations behind authentication", () => {
  const input = {
    name: "Invoices",
    description: "Sends them",
    category: "finance",
    webhookUrl: "https://hooks.example.com/x",
  };

  it("can be created, read, changed and deleted", async () => {
    const created = await service.call("POST", "/api/automations", input);
    assert.equal(created.status, 201);
    const location = created.headers.get("location") ?? "";
    const automation = z.looseObject({ id: z.number(), createdAt: z.iso.datetime() }).parse(await created.json());
    assert.equal(location, `/api/automations/${automation.id}`);
    assert.ok(Math.abs(Date.now() - Date.parse(automation.createdAt)) < 60_000, "times are in UTC");
    const changed = await service.call("PATCH", location, { name: "Bills" });
    assert.equal(changed.status, 200);
    const read = z
      .looseObject({ name: z.string(), category: z.string() })
      .parse(await (await service.call("GET", location)).json());
    assert.deepEqual([read.name, read.category], ["Bills", "finance"]);
    assert.equal((await service.call("DELETE", location)).status, 204);
    for (const [method, body] of [["GET"], ["DELETE"], ["PATCH", { name: "x" }], ["POST"]] as const) {
      const path = method === "POST" ? `${location}/runs` : location;
      assert.equal((await problemOf(await service.call(method, path, body))).type, "not_found", method);
    }
  });

  it("require a valid token on each route", async () => {
    const routes = [
      ["POST", ""],
      ["GET", "/1"],
      ["PATCH", "/1"],
      ["DELETE", "/1"],
      ["POST", "/1/runs"],
    ] as const;
    const headers = [
      {},
      { authorization: "Bearer wrong" },
      { authorization: "Basic YTpi" },
      { authorization: "Bearer" },
    ];
    for (const [method, path] of routes) {
      for (const header of headers) {
        const response = await fetch(`${service.url}/api/automations${path}`, { method, headers: header });
        assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer( error="invalid_token")?$/);
        assert.equal((await problemOf(response)).type, "unauthenticated");
      }
    }
  });

  it("name each invalid field of the input", async () => {
    const invalid = { name: " ", category: "cooking", webhookUrl: "ftp://x", owner: 1 };
    const problem = await problemOf(await service.call("POST", "/api/automations", invalid));
    const fields = problem.errors?.map((error) => error.field);
    assert.deepEqual(new Set(fields), new Set(["name", "category", "webhookUrl", "owner"]));
    assert.equal((await problemOf(await service.call("POST", "/api/automations", "text"))).type, "invalid_request");
    assert.equal((await problemOf(await service.call("PATCH", "/api/automations/1", {}))).type, "invalid_request");
    for (const id of ["0", "-1", "1.5", "abc", "9007199254740993", "1e3"]) {
      const answer = await problemOf(await service.call("GET", `/api/automations/${id}`));
      assert.deepEqual(
        answer.errors?.map((error) => error.field),
        ["id"],
        id,
      );
    }
  });

  it("reject bodies that are malformed, too large or of another type", async () => {
    const post = async (body: string, type: string) =>
      problemOf(
        await fetch(`${service.url}/api/automations`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": type },
          body,
        }),
      );
    assert.equal((await post("{", "application/json")).type, "invalid_request");
    assert.equal((await post('{"__proto__": {"admin": true}}', "application/json")).type, "invalid_request");
    assert.equal((await post("a=b", "application/x-www-form-urlencoded")).type, "unsupported_media_type");
    assert.equal((await post(JSON.stringify({ name: "x".repeat(200_000) }), "application/json")).type, "too_large");
    assert.equal((await post(JSON.stringify(input), "text/plain")).type, "unsupported_media_type");
  });
});

describe("POST /api/automations/:id/runs", () => {
  let receiver: Server;
  let calls: { body: unknown; traceparent: unknown }[];
  let respond: number | "never";
  before(async () => {
    receiver = createServer(async (request, response) => {
      const chunks = await request.toArray();
      calls.push({ body: JSON.parse(Buffer.concat(chunks).toString()), traceparent: request.headers.traceparent });
      if (respond !== "never") response.writeHead(respond, { location: "http://127.0.0.1:9/elsewhere" }).end("ok");
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
  });
  beforeEach(() => {
    calls = [];
  });
  after(() => {
    receiver.close();
    receiver.closeAllConnections();
  });

  async function run(answer: number | "never", webhookUrl = `${addressOf(receiver.address())}/hooks`) {
    respond = answer;
    const created = await service.call("POST", "/api/automations", { name: "Run me", category: "data", webhookUrl });
    const { id } = z.looseObject({ id: z.number() }).parse(await created.json());
    const response = await service.call("POST", `/api/automations/${id}/runs`);
    const [[row]] = await service.db.connection.query<RowDataPacket[]>(
      "SELECT status, webhook_status, finished_at IS NOT NULL AS finished FROM automation_runs WHERE automation_id = ?",
      [id],
    );
    return { id, response, row: { ...row } };
  }

  it("calls the webhook and records a success", async () => {
    const { id, response, row } = await run(200);
    assert.equal(response.status, 201);
    const answer = z.looseObject({ id: z.number(), status: z.string() }).parse(await response.json());
    assert.equal(answer.status, "succeeded");
    assert.deepEqual(
      calls.map((call) => call.body),
      [{ runId: answer.id, automation: { id, name: "Run me" } }],
    );
    assert.deepEqual(row, { status: "succeeded", webhook_status: 200, finished: 1 });
  });

  it("records a run that the webhook rejected, and does not follow redirects", async () => {
    for (const status of [404, 302]) {
      const { response, row } = await run(status);
      assert.equal(response.status, 201);
      assert.deepEqual(row, { status: "failed", webhook_status: status, finished: 1 });
    }
  });

  it("answers 503 when the webhook fails or refuses connections, and records it", async () => {
    const failed = await run(500);
    assert.equal((await problemOf(failed.response)).type, "dependency_failed");
    assert.deepEqual(failed.row, { status: "failed", webhook_status: 500, finished: 1 });
    const refused = await run(200, "http://127.0.0.1:9/hooks");
    assert.equal((await problemOf(refused.response)).type, "dependency_failed");
    assert.equal(refused.response.headers.get("retry-after"), "1");
    assert.deepEqual(refused.row, { status: "failed", webhook_status: null, finished: 1 });
  });

  it("answers 504 when the webhook does not answer in time, and records it", async () => {
    const { response, row } = await run("never");
    assert.equal((await problemOf(response)).type, "outbound_timeout");
    assert.deepEqual(row, { status: "failed", webhook_status: null, finished: 1 });
  });
});

describe("the API", () => {
  it("answers 404 without authentication for an unknown path or method", async () => {
    for (const [method, path] of [
      ["GET", "/"],
      ["GET", "/api/automations"],
      ["PUT", "/api/automations/1"],
      ["GET", "//"],
      ["GET", "/%zz"],
    ]) {
      assert.equal(
        (await problemOf(await fetch(service.url + path, { method: method ?? "" }))).type,
        "not_found",
        path,
      );
    }
  });

  it("hides the details of an unexpected error from the client and logs them", async () => {
    const broken = await startService();
    await broken.db.connection.query("DROP TABLE automation_runs, automations");
    const problem = await problemOf(await fetch(`${broken.url}/api/automations/marketplace`));
    assert.deepEqual(problem, { type: "internal", title: "Something went wrong", status: 500 });
    assert.equal(broken.log.filter((line) => line.level === "error").length, 1);
    await broken.stop();
  });
});
