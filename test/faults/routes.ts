// Routes for the fault tests, one for each kind of database work.
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../src/platform/database/database.ts";
import type { Statements } from "../../src/platform/database/transaction.ts";
import type { Route } from "../../src/platform/http/types.ts";
import { publicRoute } from "../support/public-route.ts";

/** Statements that create their tables. `counters` has the rows 1 to 40. */
export const tables = [
  "CREATE TABLE entries (id INT PRIMARY KEY) ENGINE = InnoDB",
  "CREATE TABLE ledger (id INT PRIMARY KEY) ENGINE = InnoDB",
  "CREATE TABLE counters (id INT PRIMARY KEY, count INT NOT NULL) ENGINE = InnoDB",
  `INSERT INTO counters VALUES ${Array.from({ length: 40 }, (_, index) => `(${index + 1}, 0)`).join(", ")}`,
];

/** Keeps the server busy for many seconds. Unlike SLEEP, it fails when it is killed. */
export const slowStatement =
  "SELECT COUNT(*) AS slow FROM information_schema.columns a, information_schema.columns b, information_schema.columns c";

export function routes(database: Database): Route[] {
  const increase = (on: Statements, id: number) =>
    on.write("counters.increase", "UPDATE counters SET count = count + 1 WHERE id = ?", [id]);

  return [
    publicRoute("/read", () => database.query("entries.last", "SELECT MAX(id) AS last FROM entries")),
    publicRoute("/connection", () => database.query("connection", "SELECT CONNECTION_ID() AS id")),
    publicRoute("/brief", () => database.query("brief", "SELECT SLEEP(0.1) AS slept")),
    publicRoute("/slow", () => database.query("slow", slowStatement)),
    publicRoute("/locked", () => increase(database, 1)),
    publicRoute("/write/:id", ({ id }) =>
      database.transaction("write", async (transaction) => {
        await transaction.write("entries.create", "INSERT INTO entries VALUES (?)", [Number(id)]);
        await transaction.write("ledger.create", "INSERT INTO ledger VALUES (?)", [Number(id)]);
      }),
    ),
    publicRoute("/transaction/slow", () =>
      database.transaction("slow", async (transaction) => {
        await increase(transaction, 2);
        await transaction.query("slow", slowStatement);
      }),
    ),
    publicRoute("/transaction/locked", () =>
      database.transaction("locked", async (transaction) => {
        await increase(transaction, 2);
        await increase(transaction, 1);
      }),
    ),
    publicRoute("/transaction/idle", () =>
      database.transaction("idle", async (transaction) => {
        await increase(transaction, 2);
        await sleep(60_000, undefined, { ref: false });
      }),
    ),
    // Two concurrent requests, one in each direction, lock the same two rows in opposite order.
    publicRoute("/pair/:row/:direction", ({ row, direction }) => {
      const rows = [1 + 2 * (Number(row) % 20), 2 + 2 * (Number(row) % 20)];
      if (direction === "backward") rows.reverse();
      return database.transaction(
        "pair",
        async (transaction) => {
          for (const id of rows) {
            await increase(transaction, id);
            await sleep(10);
          }
        },
        { retryDeadlocks: true },
      );
    }),
  ];
}
