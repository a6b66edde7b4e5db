// Plants secrets in everything that a client can send or store as a URL to call. They must not appear in log lines, spans,
// metrics, OTLP logs, responses, or requests to other hosts.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Dependency, dependency, ok } from "../platform/http-client/dependency.ts";
import { createDatabase, eventually, freePort, spawnService, token } from "../support/helper.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";

const rounds = fc.sample(fc.stringMatching(/^[A-Za-z0-9]{10}$/), 3).map((text) => `sk_live_${text}`);

describe("a secret", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
  let service: Awaited<ReturnType<typeof spawnService>>;
  let working: Dependency;
  let failing: Dependency;
  const planted: string[] = [];
  const answers: string[] = [];
  const plant = (round: string) => `${round}${planted.push(`${round}${planted.length}x`) - 1}x`;

  before(async () => {
    db = await createDatabase();
    receiver = await startOtlpReceiver();
    working = await dependency((socket) => ok(socket, "", "connection: close\r\n"));
    failing = await dependency((socket) => socket.write("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"));
    service = await spawnService({
      ...receiver.env,
      MYSQL_URL: db.url,
      LOG_LEVEL: "trace",
      OTEL_LOGS_EXPORTER: "otlp",
      OTEL_BLRP_SCHEDULE_DELAY: "100",
      OUTBOUND_ALLOW_PRIVATE: "127.0.0.1",
      OUTBOUND_OWN_HOSTS: "localhost",
      BREAKER_FAILURES: "2",
    });
  });
  after(async () => {
    await service.stop();
    await working.stop();
    await failing.stop();
    receiver.stop();
    await db.drop();
  });

  const authorized = { authorization: `Bearer ${token}`, "content-type": "application/json" };

  async function send(method: string, path: string, headers: Record<string, string> = authorized, body?: string) {
    const response = await fetch(service.url + path, { method, headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    return { status: response.status, text, head: JSON.stringify([...response.headers]) };
  }

  async function callOf(url: string, headers: Record<string, string> = {}): Promise<number> {
    // Stored values may predate the API's validation.
    const body = JSON.stringify({ name: "Call me", url: "http://127.0.0.1:9/" });
    const created = JSON.parse((await send("POST", "/api/fixture/items", authorized, body)).text);
    await db.connection.query("UPDATE fixture_items SET url = ? WHERE id = ?", [url, created.id]);
    const answer = await send("POST", `/api/fixture/items/${created.id}/calls`, { ...authorized, ...headers });
    answers.push(answer.text, answer.head);
    return answer.status;
  }

  it("appears nowhere, whether a client sends it or a stored URL contains it", async () => {
    for (const round of rounds) {
      const secret = () => plant(round);
      const list = "/api/fixture/items";
      const sent = [
        await send("GET", `${list}?search=${secret()}&token=${secret()}&${secret()}`),
        await send("GET", `/reset?${secret()}`),
        await send("GET", `/reset?a;${secret()}&=${secret()}`),
        await send("GET", "/api/fixture/items/1", { authorization: `Bearer ${secret()}` }),
        await send("GET", "/api/fixture/items/1", { "x-api-key": secret(), cookie: `sid=${secret()}` }),
        await send("GET", list, { baggage: `user=${secret()}` }),
        await send("POST", "/api/fixture/items", authorized, `{"name":"${secret()}`),
        await send("POST", "/api/fixture/items", authorized, JSON.stringify({ name: secret(), url: secret() })),
        await send("POST", "/api/fixture/items", authorized, JSON.stringify({ url: `http://${secret()}:x/` })),
      ];
      // These responses may repeat to the sender what was invalid.
      for (const { status, text } of sent) assert.ok(status < 500, `${status} ${text}`);

      const path = () => `/services/T0/${secret()}?token=${secret()}&${secret()}#${secret()}`;
      const closed = `http://127.0.0.1:${await freePort()}`;
      assert.equal(await callOf(working.url + path()), 201);
      const failingUrl = failing.url + path();
      for (let times = 0; times < 3; times++) assert.equal(await callOf(failingUrl), 503);
      for (let times = 0; times < 3; times++) assert.equal(await callOf(closed + path()), 503);
      assert.ok((await callOf(working.url.replace("http:", "https:") + path())) >= 503);
      assert.equal(await callOf(`http://[${secret()}`), 422);
      assert.equal(await callOf(`http://user:${secret()}@127.0.0.1/`), 422);
      assert.equal(await callOf(`http://127.0.0.1:99999/${secret()}`), 422);
      assert.equal(await callOf(`ftp://127.0.0.1/${secret()}`), 422);
    }
    await eventually("exported logs", () => receiver.requests.some(({ path }) => path === "/v1/logs"));
    await eventually("the last span", () => receiver.spans.filter(({ kind }) => kind === 3).length > 30);
    const metrics = await send("GET", "/metrics");
    assert.equal(await service.stop(), 0);
    const places = {
      log: JSON.stringify(service.log()) + service.errors(),
      otlp: receiver.texts.join("\n"),
      answers: answers.join("\n"),
      metrics: metrics.text,
    };
    assert.ok(places.otlp.includes("/REDACTED?token=REDACTED&REDACTED"), "the calls were traced");
    for (const [place, text] of Object.entries(places)) {
      const found = planted.filter((secret) => text.includes(secret));
      assert.deepEqual(
        found.map((secret) => around(text, secret)),
        [],
        place,
      );
    }
  });
});

function around(text: string, secret: string): string {
  const at = text.indexOf(secret);
  return text.slice(Math.max(0, at - 200), at + 100);
}
