// Checks whether a server responds by logging in, like the service. Needs the dependencies to be installed.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEdition } from "./edition.js";

/** @typedef {import("./edition.js").Edition} Edition */

/**
 * @param {string} url
 * @returns {Promise<Edition>} rejects with the driver's error, which contains no password
 */
export async function askEdition(url) {
  const { createConnection } = await import("mysql2/promise");
  const connection = await createConnection({ ...settingsOf(url), connectTimeout: 5000 });
  try {
    const [rows] = await connection.query("SELECT VERSION() AS version");
    const edition = parseEdition(JSON.stringify(rows).replaceAll('"', " "));
    if (edition === undefined) throw new Error("the server does not report its version");
    return edition;
  } finally {
    connection.destroy();
  }
}

/**
 * Reads MYSQL_URL like the service (src/platform/database/url.ts, which also validates it).
 * @param {string} text
 */
export function settingsOf(text) {
  const { hostname, port, username, password, pathname, searchParams } = new URL(text);
  const mode = (searchParams.get("ssl-mode") ?? "DISABLED").toUpperCase();
  /** @param {string} part @param {"ca" | "cert" | "key"} option */
  const file = (part, option) => {
    const path = searchParams.get(part);
    return path === null ? {} : { [option]: readFileSync(path, "utf8") };
  };
  const ssl = {
    ...file("ssl-ca", "ca"),
    ...file("ssl-cert", "cert"),
    ...file("ssl-key", "key"),
    rejectUnauthorized: mode !== "REQUIRED",
    verifyIdentity: mode === "VERIFY_IDENTITY",
  };
  const socketPath = searchParams.get("socketPath");
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ...(socketPath === null ? {} : { socketPath }),
    ...(mode === "DISABLED" ? {} : { ssl }),
  };
}

/**
 * Retries until the server responds or has ended.
 * @param {string} url
 * @param {{ signal: AbortSignal, limitMs: number, hasEnded: () => boolean }} options
 * @returns {Promise<Edition | undefined>} undefined when it does not respond
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
