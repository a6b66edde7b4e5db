import type { Connection } from "mysql2/promise";

/** Creates the table of webhook calls. Rows are inserted before the call, so that runs that never finished are visible. */
export async function up(connection: Connection): Promise<void> {
  await connection.query(
    `CREATE TABLE automation_runs (
       id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
       automation_id BIGINT UNSIGNED NOT NULL,
       status VARCHAR(20) NOT NULL,
       webhook_status SMALLINT UNSIGNED NULL,
       started_at DATETIME(3) NOT NULL,
       finished_at DATETIME(3) NULL,
       KEY by_automation (automation_id, id),
       CONSTRAINT automation_runs_automation FOREIGN KEY (automation_id) REFERENCES automations (id) ON DELETE CASCADE
     ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci`,
  );
}
