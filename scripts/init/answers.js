// What `npm run init` has to know: from flags, or asked.
import { refusalOfDomain, refusalOfName } from "../scaffold/names.js";

/** @typedef {import("../upgrade.js").Answers} Answers */

export const usage = `usage: npm run init -- NAME [options]
  NAME              the service's name, as in order-service
  --domain NAME     the first domain, a plural noun (orders)
  --keep-example    keep the example instead of a first domain
  --database NAME   the database in docker-compose.yml (the service's name with underscores)
  --port N          the port of the service (8000)
  --holder TEXT     the copyright holder in LICENSE (git's user.name)
  --yes             ask nothing`;

export const options = /** @type {const} */ ({
  domain: { type: "string" },
  "keep-example": { type: "boolean" },
  database: { type: "string" },
  port: { type: "string" },
  holder: { type: "string" },
  date: { type: "string" },
  yes: { type: "boolean" },
});

/** Ports that docker-compose.yml and `npm run local` give to others. */
const takenPorts = [3000, 3306, 4317, 4318, 9000, 9090, 9428, 16_686];
const systemDatabases = ["mysql", "sys", "information_schema", "performance_schema", "test"];
const MAX_NAME = 50;

/**
 * @param {Answers} answers
 * @param {{ exists: (path: string) => boolean, packages: readonly string[] }} project
 * @returns {string | undefined} what is wrong, in one line
 */
export function refusalOf({ name, domain, database, port, holder, date }, { exists, packages }) {
  const ofName = refusalOfName(name, MAX_NAME);
  if (ofName !== undefined) return ofName;
  if (name === TEMPLATE || packages.includes(name)) return `"${name}" is the name of a package that it uses`;
  const ofDomain = domain === "" ? undefined : refusalOfDomain(domain, exists);
  if (ofDomain !== undefined) return `--domain: ${ofDomain}`;
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(database)) {
    return `--database: got "${database}", takes lower-case letters, digits and underscores, a letter first, at most 64`;
  }
  if (systemDatabases.includes(database)) return `--database: "${database}" is a database of MySQL itself`;
  if (!Number.isInteger(port) || port < 1024 || port > 65_535) return "--port: takes a whole number from 1024 to 65535";
  if (takenPorts.includes(port)) return `--port: ${port} is the port of another part of the stack`;
  if (!/^[^\p{Cc}]{1,200}$/u.test(holder)) return "--holder: takes one line of at most 200 characters";
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) return "--date: takes a date like 2026-12-01";
  return undefined;
}

/** The name that is replaced. */
export const TEMPLATE = "koa-service-template";
/** The example's domain. */
export const EXAMPLE = "automations";
