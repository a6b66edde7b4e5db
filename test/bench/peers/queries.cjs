// What every peer asks the database, word for word.
const columns = "id, name, description, category, popularity, rating, created_at AS createdAt";

module.exports = {
  one: `SELECT ${columns} FROM items WHERE id = ?`,
  list: `SELECT ${columns} FROM items ORDER BY id LIMIT 20`,
  /** A tenth of a second in the database: a pool of ten can do about a hundred of them a second. */
  work: "SELECT SLEEP(0.1) AS slept",
};
