// Names a new migration file: its date, a number that sorts it behind the others of that day, and what it does.

/**
 * @param {string} what as in `add-price`
 * @param {string} date as in 2026-12-01
 * @param {readonly string[]} files the names of all migration files, of every domain
 */
export function migrationFile(what, date, files) {
  const numbers = files
    .filter((file) => file.startsWith(`${date}-`))
    .map((file) => Number(file.slice(date.length + 1).split("-", 1)[0]));
  const next = Math.max(0, ...numbers.filter(Number.isSafeInteger)) + 1;
  return `${date}-${String(next).padStart(2, "0")}-${what}.ts`;
}
