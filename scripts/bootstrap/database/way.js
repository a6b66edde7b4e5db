// Ways to get a database, tried in order until one works.
import { Failure } from "../failure.js";

/**
 * @typedef {object} Database
 * @property {string} url mysql://… of a user with all privileges
 * @property {import("./edition.js").Edition} edition
 * @property {string} from its source, in words
 * @property {import("../child.js").Child} [child] the server, if it was started here
 */
/** @typedef {{ name: string, open: () => Promise<Database> }} Way */

/** This way does not work on this machine; the next one may. */
export class Unavailable extends Error {}

const CHOICES = `No database was found. Do one of these:
  - set MYSQL_URL=mysql://user:password@host:3306/database to a MySQL 8.4 or later, or a MariaDB 10.11 or later
  - install one of these servers, so that mysqld or mariadbd is on PATH (it need not be running)
  - start Docker
Tried:`;

/**
 * @param {Way[]} ways
 * @param {(text: string) => void} note receives the name of each way before it is tried
 * @returns {Promise<Database>} from the first way that works
 */
export async function firstThatWorks(ways, note) {
  /** @type {string[]} */
  const tried = [];
  for (const { name, open } of ways) {
    note(name);
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      tried.push(`  - ${name}: ${error.message}`);
    }
  }
  throw new Failure([CHOICES, ...tried].join("\n"));
}
