// Recognizes MySQL and MariaDB, which start differently, by their version text, and checks whether they are supported.

/** @typedef {{ kind: "mysql" | "mariadb", version: string, major: number, minor: number }} Edition */

/**
 * @param {string} text output of `mysqld --version` or `SELECT VERSION()`
 * @returns {Edition | undefined} undefined without a version
 */
export function parseEdition(text) {
  // MariaDB may prefix its version with 5.5.5- for old replicas
  const match = /(?:^|\s)(?:5\.5\.5-)?((\d+)\.(\d+)\.\d+)/.exec(text);
  if (match === null) return undefined;
  const [, version = "", major, minor] = match;
  const kind = /mariadb/i.test(text) ? "mariadb" : "mysql";
  return { kind, version, major: Number(major), minor: Number(minor) };
}

/** @param {Edition} edition @returns {boolean} MySQL 8.4 and later, MariaDB 10.11 and later */
export function isSupported({ kind, major, minor }) {
  const [leastMajor, leastMinor] = kind === "mysql" ? [8, 4] : [10, 11];
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/** @param {Edition} edition @returns {string} for example `MySQL 9.7.4` */
export function editionName({ kind, version }) {
  return `${kind === "mysql" ? "MySQL" : "MariaDB"} ${version}`;
}
