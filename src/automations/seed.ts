// Example data. The same count always produces the same automations, so that measurements can be compared.
import type { Connection, RowDataPacket } from "mysql2/promise";
import { categories } from "./schema.ts";

const batchSize = 1000;
const day = 86_400_000;

const triggers = [
  "New order",
  "Failed payment",
  "Signed contract",
  "Support ticket",
  "New lead",
  "Merged pull request",
];
const triggersMore = [
  "Expense report",
  "Calendar event",
  "Form answer",
  "Uploaded file",
  "Churned customer",
  "Job applicant",
];
const actions = [
  "posts to the team channel",
  "creates a task",
  "updates the CRM",
  "sends an e-mail",
  "adds a row to a sheet",
];
const actionsMore = [
  "opens an incident",
  "books a meeting",
  "starts an approval",
  "files a document",
  "tags the customer",
];
const reasons = [
  "so that nobody has to watch for it",
  "within a minute",
  "with all details attached",
  "for the people on duty",
];

/**
 * Fills an empty table with `count` automations in one transaction. Does nothing when the table has rows.
 * Returns the number of inserted rows.
 */
export async function seedAutomations(connection: Connection, count: number, webhookUrl: string): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>("SELECT 1 FROM automations LIMIT 1");
  if (rows.length > 0 || count === 0) return 0;
  const random = randomNumbers(1);
  await connection.beginTransaction();
  for (let from = 0; from < count; from += batchSize) {
    const batch = Array.from({ length: Math.min(batchSize, count - from) }, (_, index) =>
      example(from + index + 1, random, webhookUrl),
    );
    await connection.query(
      `INSERT INTO automations
         (name, description, category, webhook_url, popularity, rating, created_at, updated_at) VALUES ?`,
      [batch],
    );
  }
  await connection.commit();
  return count;
}

function example(number: number, random: () => number, webhookUrl: string) {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)];
  const trigger = pick([...triggers, ...triggersMore]);
  const action = pick([...actions, ...actionsMore]);
  const createdAt = new Date(Date.UTC(2026, 0, 1) - Math.floor(random() * 1000 * day));
  // As in any marketplace, a few are popular and most are not.
  const popularity = Math.floor(50_000 * random() ** 6);
  const rating = Math.round(10 * (3 + 2 * random())) / 10;
  const description = `${trigger}: ${action} ${pick(reasons)}. Runs for each ${trigger?.toLowerCase()} and keeps a record of it.`;
  return [
    `${trigger} ${action} (${number})`,
    description,
    pick(categories),
    webhookUrl,
    popularity,
    rating,
    createdAt,
    createdAt,
  ];
}

/** Pseudo-random numbers in [0, 1), the same for the same seed: mulberry32, by Tommy Ettinger (public domain). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
