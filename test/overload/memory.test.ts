// Tests that the service keeps no data per client request: its heap stays the same after 100,000 different ones of a kind.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { paths } from "../support/fixture/routes.ts";
import { secret } from "../support/helper.ts";
import { startUnderLoad } from "./service-process.ts";

/** Allowed heap growth for 40,000 more of a kind. Keeping one word of each would take 2 MB. */
const heapLimitBytes = 500_000;
/** Allowed growth of the metrics. The series of one route take 30 kB; series per request would take millions. */
const metricsLimitBytes = 50_000;
/** How many requests are sent before their responses arrive. */
const pipelined = 100;

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const header = base64({ alg: "HS256", typ: "JWT" });
const claims = { iss: serviceName, aud: serviceName, exp: 4_000_000_000 };

/** A token with its own subject. Invalid when signed with a secret other than the service's. */
function tokenOf(index: number, signedWith: string): string {
  const signed = `${header}.${base64({ ...claims, sub: `user-${index}` })}`;
  return `${signed}.${createHmac("sha256", signedWith).update(signed).digest("base64url")}`;
}

// The id is invalid, so that there is no query.
const withToken = (token: string) =>
  `GET ${paths.items}/0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
const kinds: readonly [string, string, (index: number) => string][] = [
  ["paths and hosts", "404", (index) => `GET /nothing/${index}?page=${index} HTTP/1.1\r\nHost: host-${index}\r\n\r\n`],
  ["invalid tokens", "401", (index) => withToken(tokenOf(index, `not the ${secret}`))],
  ["valid tokens", "400", (index) => withToken(tokenOf(index, secret))],
];

describe("memory of the service", function () {
  // This test is not about how long 100,000 requests take.
  this.timeout(180_000);
  let service: Awaited<ReturnType<typeof startUnderLoad>>;
  before(async () => {
    service = await startUnderLoad({ JWT_SECRET: secret });
  });
  after(() => service.stop());

  /** Sends the requests numbered `from` up to `to` over one connection. Returns the statuses of the responses. */
  async function send(from: number, to: number, request: (index: number) => string): Promise<Set<string>> {
    const statuses = new Set<string>();
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1").setEncoding("latin1");
    let next = from;
    const sendBatch = () => {
      const batch = Array.from({ length: Math.min(pipelined, to - next) }, (_, index) => request(next + index));
      next += batch.length;
      socket.write(batch.join(""));
    };
    sendBatch();
    let answered = from;
    let text = "";
    for await (const chunk of socket) {
      text += chunk;
      const lines = text.match(/HTTP\/1\.1 \d{3}/g) ?? [];
      for (const line of lines) statuses.add(line.slice(-3));
      // One character shorter than a status line: keeps a partial line and counts none twice.
      text = text.slice(-11);
      answered += lines.length;
      if (answered === to) break;
      if (answered === next) sendBatch();
    }
    return statuses;
  }

  /** Collects garbage twice: the first time leaves objects that only then become unreachable. */
  async function heapBytes(): Promise<number> {
    await service.resources();
    return (await service.resources()).heapBytes;
  }

  async function metricsSize(): Promise<number> {
    const answer = await fetch(`${service.url}/metrics`, { headers: { accept: "text/plain" } });
    return (await answer.text()).length;
  }

  for (const [kind, status, request] of kinds) {
    it(`stays the same after 100,000 different ${kind}, and so do the metrics`, async () => {
      await send(0, 20_000, request);
      const sizeBefore = await metricsSize();
      const heap = [await heapBytes()];
      for (const [from, to] of [
        [20_000, 60_000],
        [60_000, 100_000],
      ] as const) {
        assert.deepEqual(await send(from, to, request), new Set([status]));
        heap.push(await heapBytes());
      }
      const sizeAfter = await metricsSize();
      // Memory from the startup can be freed at any time and must not hide growth: each half is checked by itself.
      const [before = 0, between = 0, after = 0] = heap;
      const grown = [between - before, after - between];
      console.log(
        `${kind}: ${grown.map((bytes) => Math.round(bytes / 1000)).join(" and ")} kB of heap more, ${sizeAfter} bytes of metrics`,
      );
      assert.ok(Math.max(...grown) < heapLimitBytes, `${grown.join(" and ")} bytes of heap more`);
      assert.ok(sizeAfter < sizeBefore + metricsLimitBytes, `${sizeAfter - sizeBefore} bytes of metrics more`);
    });
  }
});
