// A table of the faults' own, so that they need no domain: something to query, and to lock.
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Database } from "../platform/database/database.ts";

/** The table that the fault `lock` locks. */
export const faultsTable = "faults_rows";

const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => `SELECT ${digit} AS digit`).join(" UNION ALL ");
/** Enough that a search takes some milliseconds, because no index helps it. */
const tenThousand = `SELECT 1 + a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit AS number
  FROM (${digits}) AS a CROSS JOIN (${digits}) AS b CROSS JOIN (${digits}) AS c CROSS JOIN (${digits}) AS d`;

/** Creates the table and fills it, unless that is done. Fast, and run by one process at a time. */
export async function prepareRows(connection: Connection): Promise<void> {
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${faultsTable} (
       id INT UNSIGNED NOT NULL PRIMARY KEY,
       name VARCHAR(100) NOT NULL,
       description VARCHAR(500) NOT NULL
     ) ENGINE = InnoDB`,
  );
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT 1 FROM ${faultsTable} LIMIT 1`);
  if (rows.length > 0) return;
  const description = "A row of the faults, with a description that makes it about as long as rows usually are.";
  await connection.query(
    `INSERT INTO ${faultsTable} (id, name, description)
       SELECT number, CONCAT('row ', number), ? FROM (${tenThousand}) AS numbers`,
    [description],
  );
}

/** The queries of the table. */
export function rowQueries(db: Database) {
  return {
    /** Reads every row to find those whose name or description contains `search`. */
    list({ search, limit }: { search: string; limit: number }): Promise<RowDataPacket[]> {
      const sql = `SELECT id, name, description FROM ${faultsTable}
        WHERE CONCAT(name, description) LIKE ? ORDER BY name LIMIT ?`;
      return db.query("faults.list", sql, [`%${search}%`, limit]);
    },

    async get(id: number): Promise<RowDataPacket | undefined> {
      const sql = `SELECT id, name, description FROM ${faultsTable} WHERE id = ?`;
      const [row] = await db.query("faults.get", sql, [id]);
      return row;
    },
  };
}
