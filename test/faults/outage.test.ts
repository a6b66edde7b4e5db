// Takes the database away under load and brings it back: checks what clients see and that no acknowledged write is lost.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { goodShare, percentile } from "../overload/figures.ts";
import type { Outcome } from "../overload/load.ts";
import { loadFor } from "../overload/measure.ts";
import { type Answered, startUnderLoad } from "../overload/service-process.ts";
import { eventually } from "../support/helper.ts";
import { tables } from "./routes.ts";
import { Victim } from "./victim.ts";

/** Closer together than the defaults, so that a request can hit its deadline between two limits. */
const deadlineMs = 1000;
const env = { DEADLINE_MS: String(deadlineMs), DB_QUERY_TIMEOUT_MS: "900", OUTBOUND_TIMEOUT_MS: "900" };
/** Requests per second. Each write has its own number. */
const ratesFrom = (from: number) => ({ "/read": 60, [`/write/{${from}}`]: 30 });
/** Seconds: when the fault starts, when it is repaired, and when the load ends. */
const plan = { fault: 1.5, repair: 4, end: 10 };

describe("an outage of the database", function () {
  this.timeout(120_000);
  // A stall of the machine can make a request late, and a slow start of the server can make the service late.
  this.retries(1);
  let victim: Victim;
  let admin: Connection;
  let appUrl: string;
  let firstNumber = 1;
  const table: ReturnType<typeof rowOf>[] = [];

  before(async () => {
    victim = await Victim.start();
    admin = await createConnection(victim.directUrl);
    for (const statement of tables) await admin.query(statement);
    // Without admin privileges, so that it cannot write to a read-only server or use the reserved connection.
    await admin.query("CREATE USER app@'%' IDENTIFIED BY 'app'");
    await admin.query("GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO app@'%'");
    const url = new URL(victim.url);
    url.username = "app";
    url.password = "app";
    appUrl = url.href;
  });
  after(async () => {
    console.table(table);
    admin.destroy();
    await victim.stop();
  });

  it("that is killed loses no acknowledged write", async function () {
    const { statuses, answered } = await outage(this, {
      async fault() {
        await victim.kill();
      },
      async repair() {
        await victim.revive();
        admin = await createConnection(victim.directUrl);
      },
    });
    assert.ok(statuses.has(503));
    const refused = answered.filter(({ status }) => status === 503).map(({ ms }) => ms);
    assert.ok(percentile(refused, 50) < 5, "most are refused by the breaker without waiting");
  });

  it("that freezes delays no client beyond its deadline", async function () {
    const { statuses } = await outage(this, { fault: () => victim.freeze(), repair: () => victim.thaw() });
    assert.ok(statuses.has(503));
  });

  it("that goes silent, and comes back", async function () {
    await outage(this, { fault: async () => victim.link.blackhole(), repair: () => victim.link.restore() });
  });

  it("that goes silent, and comes back without its old connections", async function () {
    const repair = () => victim.link.restore({ old: "lost" });
    await outage(this, { fault: async () => victim.link.blackhole(), repair });
  });

  it("that refuses connections", async function () {
    await outage(this, { fault: () => victim.link.refuse(), repair: () => victim.link.restore() });
  });

  it("that has no free connections", async function () {
    const others = await Promise.all(Array.from({ length: 12 }, () => createConnection(victim.directUrl)));
    const { statuses } = await outage(this, {
      async fault() {
        // Fewer than are open: existing connections stay, and nobody gets a new one.
        await admin.query("SET GLOBAL max_connections = 10");
        await killConnections();
      },
      repair: async () => void (await admin.query("SET GLOBAL max_connections = 150")),
    });
    for (const other of others) other.destroy();
    assert.ok(statuses.has(503));
  });

  it("that keeps killing connections hardly affects reads", async function () {
    let ended = false;
    let killing: Promise<void> | undefined;
    const { outcomes } = await outage(this, {
      async fault() {
        const kill = async () => {
          while (!ended) {
            await killConnections();
            await sleep(100);
          }
        };
        killing = kill();
      },
      async repair() {
        ended = true;
        await killing;
      },
    });
    const reads = outcomes.filter(({ path }) => path === "/read");
    console.log(`good reads: ${(100 * goodShare(reads)).toFixed(1)} %`);
    assert.ok(goodShare(reads) > 0.9);
  });

  it("that refuses writes still serves reads", async function () {
    const readOnly = victim.isMariaDb ? "read_only" : "super_read_only";
    const { outcomes } = await outage(this, {
      fault: async () => void (await admin.query(`SET GLOBAL ${readOnly} = ON`)),
      repair: async () => void (await admin.query("SET GLOBAL read_only = OFF")),
    });
    const reads = outcomes.filter(({ path }) => path === "/read");
    assert.equal(goodShare(reads), 1);
    const writes = outcomes.filter(({ path }) => path !== "/read");
    assert.ok(goodShare(writes) < 0.9);
  });

  interface Fault {
    fault: () => Promise<void>;
    /** Resolves when the database is available again. */
    repair: () => Promise<void>;
  }

  /** Runs the load with the fault in the middle, and checks what must hold for every fault. */
  async function outage(mocha: Mocha.Context, { fault, repair }: Fault) {
    const service = await startUnderLoad({ ...env, MYSQL_URL: appUrl }, `${import.meta.dirname}/routes.ts`);
    try {
      await eventually("readiness", () => isReady(service.url));
      await service.answered();
      const from = firstNumber;
      const loading = loadFor(service, 5000, [{ rates: ratesFrom(from), seconds: plan.end }]);
      await sleep(plan.fault * 1000);
      await fault();
      await sleep((plan.repair - plan.fault) * 1000);
      await repair();
      const repairedAt = performance.now();
      await eventually("readiness again", () => isReady(service.url), 5000);
      const healthyMs = performance.now() - repairedAt;
      const outcomes = await loading;
      const answered = await service.answered();
      firstNumber += 1_000_000;
      const lost = await lostWrites(outcomes, from);
      table.push(rowOf(mocha.test?.title ?? "", { outcomes, answered, healthyMs, lost }));

      assert.ok(healthyMs <= 3000, `ready again after ${healthyMs} ms`);
      const late = answered.filter(({ ms }) => ms > deadlineMs + 50);
      assert.deepEqual(late, [], "no request outlasts its deadline");
      const statuses = new Set(answered.filter(({ url }) => !url.startsWith("/health")).map(({ status }) => status));
      statuses.delete(499);
      for (const status of statuses) assert.ok([200, 503, 504].includes(status), `status ${status}`);
      const afterwards = outcomes.filter(({ dueMs }) => dueMs > (plan.end - 1) * 1000);
      assert.equal(goodShare(afterwards), 1, "every request in the last second succeeds");
      assert.equal(service.errors(), "");
      assert.deepEqual(lost, [], "acknowledged writes that are missing");
      return { outcomes, answered, statuses };
    } finally {
      await service.stop();
    }
  }

  /** Returns acknowledged writes that are missing. Also checks that every write is complete or absent. */
  async function lostWrites(outcomes: readonly Outcome[], from: number): Promise<number[]> {
    const written = await idsOf("entries", from);
    assert.deepEqual(await idsOf("ledger", from), written);
    const stored = new Set(written);
    const acknowledged = outcomes.flatMap(({ path, status }) =>
      status === 200 && path.startsWith("/write/") ? [Number(path.slice("/write/".length))] : [],
    );
    assert.ok(acknowledged.length > 0);
    return acknowledged.filter((id) => !stored.has(id));
  }

  async function idsOf(table: "entries" | "ledger", from: number): Promise<number[]> {
    const [rows] = await admin.query<RowDataPacket[]>(`SELECT id FROM ${table} WHERE id >= ? ORDER BY id`, [from]);
    return rows.map((row) => Number(row.id));
  }

  /** Kills the service's connections. */
  async function killConnections(): Promise<void> {
    const sql = "SELECT id FROM information_schema.processlist WHERE user = 'app'";
    const [rows] = await admin.query<RowDataPacket[]>(sql);
    for (const { id } of rows) await admin.query(`KILL ${Number(id)}`).catch(() => {});
  }
});

interface Measured {
  outcomes: readonly Outcome[];
  answered: readonly Answered[];
  healthyMs: number;
  lost: readonly number[];
}

/** A row of the printed summary. */
function rowOf(title: string, { outcomes, answered, healthyMs, lost }: Measured) {
  const count = (status: number) => answered.filter((answer) => answer.status === status).length;
  const work = answered.filter(({ url }) => !url.startsWith("/health"));
  return {
    "the database": title.replace(/^that /, ""),
    requests: outcomes.length,
    "longest ms": Math.round(Math.max(...work.map(({ ms }) => ms))),
    "refused (503)": count(503),
    "failed (504)": count(504),
    "ready after ms": Math.round(healthyMs),
    "lost writes": lost.length,
  };
}

async function isReady(url: string): Promise<boolean> {
  return (await fetch(`${url}/health/ready`)).status === 200;
}
