import type { Connection } from "mysql2/promise";

/** Creates the automations table, with an index for each sort order, with and without a category. */
export async function up(connection: Connection): Promise<void> {
  await connection.query(
    `CREATE TABLE automations (
       id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
       name VARCHAR(120) NOT NULL,
       description VARCHAR(1000) NOT NULL,
       category VARCHAR(40) NOT NULL,
       webhook_url VARCHAR(2048) NOT NULL,
       popularity INT UNSIGNED NOT NULL DEFAULT 0,
       rating DECIMAL(2, 1) NOT NULL DEFAULT 0,
       created_at DATETIME(3) NOT NULL,
       updated_at DATETIME(3) NOT NULL,
       KEY by_popularity (popularity),
       KEY by_rating (rating),
       KEY by_age (created_at),
       KEY by_category_popularity (category, popularity),
       KEY by_category_rating (category, rating),
       KEY by_category_age (category, created_at)
     ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci`,
  );
}
