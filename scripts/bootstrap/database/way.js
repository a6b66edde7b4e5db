// A database can be had in several ways; they are tried in order until one works.
import { Failure } from "../failure.js";

/**
 * @typedef {object} Database
 * @property {string} url mysql://… with a user that may do everything
 * @property {import("./edition.js").Edition} edition
 * @property {string} from where it comes from, for people
 * @property {import("../child.js").Child} [child] the server, when it was started here
 */
/** @typedef {{ name: string, open: () => Promise<Database> }} Way */

/** This way does not work on this machine; the next one may. */
export class Unavailable extends Error {}

const CHOICES = `No database was found. Any one of these is enough:
  - set MYSQL_URL=mysql://user:password@host:3306/database to a MySQL 8.4 or later, or a MariaDB 10.11 or later
  - install one of these servers, so that mysqld or mariadbd is on PATH (it need not run)
  - start Docker
What was tried:`;

/**
 * @param {Way[]} ways
 * @param {(text: string) => void} note told what is tried, and why it did not work
 * @returns {Promise<Database>} of the first way that works
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
