// The database in MYSQL_URL, after a check that it responds. Messages never show the password.
import { Failure } from "../failure.js";
import { askEdition } from "./login.js";

/** @typedef {import("./way.js").Database} Database */

/** @param {string} url @returns {Promise<Database>} */
export async function openFromUrl(url) {
  const shown = withoutPassword(url);
  if (shown === undefined) {
    throw new Failure("MYSQL_URL is not of the form mysql://user:password@host:3306/database.");
  }
  try {
    return { url, edition: await askEdition(url), from: `MYSQL_URL ${shown}` };
  } catch (error) {
    const reason = error instanceof Error ? error.message || "no connection" : String(error);
    throw new Failure(
      `MYSQL_URL (${shown}) does not answer: ${reason}.\nStart that server, correct MYSQL_URL, or unset it to let this project start its own server.`,
    );
  }
}

/** @param {string} text @returns {string | undefined} undefined unless it is a mysql:// URL with a database */
export function withoutPassword(text) {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, host, pathname } = new URL(text);
  if (protocol !== "mysql:" || pathname.length < 2) return undefined;
  return `${username}@${host}${pathname}`;
}
