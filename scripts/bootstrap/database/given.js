// The database that MYSQL_URL names: used as it is, after a check that it answers. The password is never shown.
import { Failure } from "../failure.js";
import { askEdition } from "./login.js";

/** @typedef {import("./way.js").Database} Database */

/** @param {string} url @returns {Promise<Database>} */
export async function openGiven(url) {
  const shown = withoutPassword(url);
  if (shown === undefined) {
    throw new Failure("MYSQL_URL is not of the form mysql://user:password@host:3306/database.");
  }
  try {
    return { url, edition: await askEdition(url), from: `MYSQL_URL ${shown}` };
  } catch (error) {
    const reason = error instanceof Error ? error.message || "no connection" : String(error);
    throw new Failure(
      `MYSQL_URL (${shown}) does not answer: ${reason}.\nStart that server, correct MYSQL_URL, or unset it to use a server of this project's own.`,
    );
  }
}

/** @param {string} text @returns {string | undefined} undefined when it is no mysql:// URL with a database */
export function withoutPassword(text) {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, host, pathname } = new URL(text);
  if (protocol !== "mysql:" || pathname.length < 2) return undefined;
  return `${username}@${host}${pathname}`;
}
