// What the service remembers of its clients is bounded, whatever they send: its heap is the same after 100,000 of a kind.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { secret } from "../support/helper.ts";
import { startUnderLoad } from "./service-process.ts";

/** What 40,000 more of a kind may leave behind. One word kept of each would be 2 MB. */
const mostBytes = 500_000;
/** What all of them may add to the metrics: the series of one route, with its phases twice, are 30 kB. Of each they would be millions. */
const mostMetricsBytes = 50_000;
/** Requests that are sent ahead of their answers. */
const ahead = 100;

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const header = base64({ alg: "HS256", typ: "JWT" });
const claims = { iss: "koa-service-template", aud: "koa-service-template", exp: 4_000_000_000 };

/** A token for a subject of its own; bad when it is signed with another secret than the service's. */
function tokenOf(index: number, signedWith: string): string {
  const signed = `${header}.${base64({ ...claims, sub: `user-${index}` })}`;
  return `${signed}.${createHmac("sha256", signedWith).update(signed).digest("base64url")}`;
}

// The id is none, so that no query is made.
const withToken = (token: string) =>
  `GET /api/automations/0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
const kinds: readonly [string, string, (index: number) => string][] = [
  ["paths and hosts", "404", (index) => `GET /nothing/${index}?page=${index} HTTP/1.1\r\nHost: host-${index}\r\n\r\n`],
  ["bad tokens", "401", (index) => withToken(tokenOf(index, `not the ${secret}`))],
  ["good tokens", "400", (index) => withToken(tokenOf(index, secret))],
];

describe("memory of the service", function () {
  // How long 100,000 requests take is not what is asked.
  this.timeout(180_000);
  let service: Awaited<ReturnType<typeof startUnderLoad>>;
  before(async () => {
    service = await startUnderLoad({ JWT_SECRET: secret });
  });
  after(() => service.stop());

  /** Sends the requests of the numbers from `from` up to `to` over one connection; gives the statuses of the answers. */
  async function send(from: number, to: number, request: (index: number) => string): Promise<Set<string>> {
    const statuses = new Set<string>();
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1").setEncoding("latin1");
    let next = from;
    const sendSome = () => {
      const some = Array.from({ length: Math.min(ahead, to - next) }, (_, index) => request(next + index));
      next += some.length;
      socket.write(some.join(""));
    };
    sendSome();
    let answered = from;
    let text = "";
    for await (const chunk of socket) {
      text += chunk;
      const lines = text.match(/HTTP\/1\.1 \d{3}/g) ?? [];
      for (const line of lines) statuses.add(line.slice(-3));
      // One character short of such a line: the half of one is kept, and none is counted twice.
      text = text.slice(-11);
      answered += lines.length;
      if (answered === to) break;
      if (answered === next) sendSome();
    }
    return statuses;
  }

  /** After a second collection: the first one leaves what was only then found to be unused. */
  async function heapBytes(): Promise<number> {
    await service.resources();
    return (await service.resources()).heapBytes;
  }

  async function metricsSize(): Promise<number> {
    const answer = await fetch(`${service.url}/metrics`, { headers: { accept: "text/plain" } });
    return (await answer.text()).length;
  }

  for (const [what, status, request] of kinds) {
    it(`is the same after 100,000 different ${what}, and so are the metrics`, async () => {
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
      // What was only needed for the start can go at any time, and must not hide what one half leaves behind.
      const [before = 0, between = 0, after = 0] = heap;
      const grown = [between - before, after - between];
      console.log(
        `${what}: ${grown.map((bytes) => Math.round(bytes / 1000)).join(" and ")} kB of heap more, ${sizeAfter} bytes of metrics`,
      );
      assert.ok(Math.max(...grown) < mostBytes, `${grown.join(" and ")} bytes of heap more`);
      assert.ok(sizeAfter < sizeBefore + mostMetricsBytes, `${sizeAfter - sizeBefore} bytes of metrics more`);
    });
  }
});
