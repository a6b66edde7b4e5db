// Whether a server answers is asked as the service will ask: by logging in. Needs the dependencies to be installed.
import { setTimeout as sleep } from "node:timers/promises";
import { parseEdition } from "./edition.js";

/** @typedef {import("./edition.js").Edition} Edition */

/**
 * @param {string} url
 * @returns {Promise<Edition>} rejects with the driver's error, which holds no password
 */
export async function askEdition(url) {
  const { createConnection } = await import("mysql2/promise");
  const connection = await createConnection({ uri: url, connectTimeout: 5000 });
  try {
    const [rows] = await connection.query("SELECT VERSION() AS version");
    const edition = parseEdition(JSON.stringify(rows).replaceAll('"', " "));
    if (edition === undefined) throw new Error("the server does not tell its version");
    return edition;
  } finally {
    connection.destroy();
  }
}

/**
 * Asks again and again, until the server answers or has ended.
 * @param {string} url
 * @param {{ signal: AbortSignal, limitMs: number, hasEnded: () => boolean }} options
 * @returns {Promise<Edition | undefined>} undefined when it does not answer
 */
export async function untilAnswering(url, { signal, limitMs, hasEnded }) {
  const deadline = Date.now() + limitMs;
  while (!hasEnded() && Date.now() < deadline) {
    const edition = await askEdition(url).catch(() => undefined);
    if (edition !== undefined) return edition;
    await sleep(100, undefined, { signal });
  }
  return undefined;
}
