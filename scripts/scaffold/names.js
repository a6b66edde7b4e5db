// The forms of a name: `order-items` in paths and folders, orderItems in code, order_items in the database.

/** Words that cannot name a variable in a module. */
const reserved = new Set(
  `abstract arguments as async await boolean break case catch class const continue debugger default delete do else enum eval export
   extends false finally for from function get if implements import in instanceof interface let new null of package private
   protected public return set static super switch this throw true try type typeof undefined var void while with yield`.split(
    /\s+/,
  ),
);
/** Tables of the platform and of the tests. */
const tables = new Set(["fixture", "migrations", "migrations-started", "faults-rows"]);
const pattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const MAX_LENGTH = 40;

/** @typedef {{ path: string, code: string, type: string, table: string, words: string }} Names */

/** @param {string} name a valid name @returns {Names} */
export function namesOf(name) {
  const parts = name.split("-");
  const capital = (/** @type {string} */ part) => part.charAt(0).toUpperCase() + part.slice(1);
  const type = parts.map(capital).join("");
  return {
    path: name,
    code: parts[0] + type.slice(parts[0]?.length),
    type,
    table: parts.join("_"),
    words: parts.join(" "),
  };
}

/**
 * @param {string} name
 * @param {(path: string) => boolean} exists whether the project has this file or folder
 * @returns {string | undefined} why a domain cannot have this name, in one line
 */
export function refusalOfDomain(name, exists) {
  const malformed = refusalOfName(name, MAX_LENGTH);
  if (malformed !== undefined) return malformed;
  const { code, path } = namesOf(name);
  if (reserved.has(code) || code in globalThis) return `"${name}" is a reserved word of JavaScript`;
  if (tables.has(name)) return `"${name}" is the name of a table of the platform or its tests`;
  const taken = [`src/${path}`, `src/${path}.ts`, `test/${path}`].find(exists);
  return taken === undefined ? undefined : `${taken} exists already`;
}

/**
 * @param {string} name
 * @param {number} maxLength
 * @returns {string | undefined} what is wrong with the form of `name`, in one line
 */
export function refusalOfName(name, maxLength) {
  if (name.length <= maxLength && pattern.test(name)) return undefined;
  return `"${name}" is not a name: it takes lower-case letters, digits and single dashes, a letter first, at most ${maxLength}`;
}
