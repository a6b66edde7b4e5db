// The table that the servers read.
import { rows } from "./clients.ts";

/** Rows of a usual length. */
export const tables = [
  `CREATE TABLE items (
     id INT UNSIGNED NOT NULL PRIMARY KEY,
     name VARCHAR(120) NOT NULL,
     description VARCHAR(1000) NOT NULL,
     category VARCHAR(40) NOT NULL,
     popularity INT UNSIGNED NOT NULL,
     rating DECIMAL(2, 1) NOT NULL,
     created_at DATETIME(3) NOT NULL
   ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci`,
  `INSERT INTO items VALUES ${Array.from(
    { length: rows },
    (_, index) =>
      `(${index + 1}, 'Item ${index + 1}', 'Posts to the team channel within a minute, with all details attached', ` +
      `'data', ${(index * 37) % 1000}, ${((index * 7) % 50) / 10}, '2026-01-01 12:00:00.${String(index % 1000).padStart(3, "0")}')`,
  ).join(", ")}`,
];
