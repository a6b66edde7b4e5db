// Replaces the service's instances under load, one after the other, and checks what clients see.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { RowDataPacket } from "mysql2/promise";
import { paths } from "../support/fixture/routes.ts";
import { createDatabase, eventually, type LogLine, spawnService } from "../support/helper.ts";
import { Balancer, type Sent, send, startTraffic } from "./balancer.ts";

const noTelemetry = { OTEL_SDK_DISABLED: "true" };

describe("stop under load", function () {
  this.timeout(120_000);
  // If the machine stalls for longer than SHUTDOWN_DELAY_MS, any balancer notices too late.
  this.retries(2);
  let db: Awaited<ReturnType<typeof createDatabase>>;
  beforeEach(async () => {
    db = await createDatabase();
  });
  afterEach(() => db.drop());

  it("loses no request when two instances are replaced one after the other", async () => {
    const startOne = () => spawnService({ ...noTelemetry, MYSQL_URL: db.url, SHUTDOWN_DELAY_MS: "1000" });
    const first: Awaited<ReturnType<typeof startOne>>[] = await Promise.all([startOne(), startOne()]);
    const balancer = new Balancer();
    for (const instance of first) balancer.add(instance.url);
    await eventually("both in rotation", () => balancer.ready.length === 2);

    const traffic = startTraffic(balancer, 100);
    await sleep(1000);
    const second: typeof first = [];
    const exitCodes: (number | null)[] = [];
    for (const old of first) {
      const fresh = await startOne();
      balancer.add(fresh.url);
      await eventually("the new one in rotation", () => balancer.ready.includes(fresh.url));
      exitCodes.push(await old.stop());
      balancer.remove(old.url);
      second.push(fresh);
    }
    await sleep(1000);
    const sent = await traffic.end();
    balancer.close();
    for (const instance of second) exitCodes.push(await instance.stop());
    const counts = countOf(sent);
    console.log(`${sent.length} requests while both instances were replaced`, counts);
    assert.deepEqual(Object.keys(counts), ["200", "201"]);
    const reused = sent.filter((request) => request.reused).length;
    assert.ok(reused > 0.5 * sent.length, `${reused} of ${sent.length} on reused connections`);
    assert.deepEqual(exitCodes, [0, 0, 0, 0]);
  });

  it("answers all running and waiting requests when stopped with a full queue", async () => {
    const { service, answers, unlock } = await withFullQueue({ ADMISSION_WAIT_MS: "8000" });
    await unlock();
    assert.deepEqual(countOf(await answers), { 200: 110, 503: 20 });
    assert.equal(await service.exited, 0);
    assertClean(service.log());
  });

  it("refuses requests whose wait times out while it stops, and exits cleanly", async () => {
    const { service, answers, unlock, answered } = await withFullQueue({ ADMISSION_WAIT_MS: "2500" });
    await eventually("all waiting requests to be refused", () => answered() === 120);
    await unlock();
    assert.deepEqual(countOf(await answers), { 200: 10, 503: 120 });
    assert.equal(await service.exited, 0);
    assertClean(service.log());
  });

  /** Sends 130 requests on a locked table: ten run, a hundred wait, twenty are refused at once. Then sends SIGTERM. */
  async function withFullQueue(env: Record<string, string>) {
    const long = { DB_QUERY_TIMEOUT_MS: "15000", DEADLINE_MS: "20000", SHUTDOWN_TIMEOUT_MS: "20000" };
    const service = await spawnService({ ...noTelemetry, MYSQL_URL: db.url, ...long, ...env });
    await db.connection.query("LOCK TABLES fixture_items WRITE");
    let answered = 0;
    const agent = new Agent({ keepAlive: true });
    const answers = Promise.all(
      Array.from({ length: 130 }, async (_, index) => {
        const sent = await send(agent, service.url, "GET", `${paths.items}?search=nothing${index}`);
        answered += 1;
        return sent;
      }),
    );
    await eventually("ten queries that wait for the lock", async () => (await waitingQueries()) === 10);
    await eventually("twenty refusals by the full queue", () => answered === 20);
    service.child.kill("SIGTERM");
    await eventually("the shutdown to begin", () => service.log().some((line) => line.msg === "stopping"));
    return { service, answers, answered: () => answered, unlock: () => db.connection.query("UNLOCK TABLES") };
  }

  async function waitingQueries(): Promise<number> {
    const sql =
      "SELECT COUNT(*) AS number FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE 'Waiting%'";
    const [[row]] = await db.connection.query<RowDataPacket[]>(sql);
    return Number(row?.number);
  }
});

function countOf(sent: readonly Sent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of sent) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function assertClean(log: readonly LogLine[]): void {
  // The last lines of a process may arrive in a different order.
  assert.ok(log.some(({ msg }) => msg === "stopped"));
  const errors = log.filter((line) => ["error", "fatal"].includes(line.level));
  assert.deepEqual(errors, []);
}
