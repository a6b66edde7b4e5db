// The exact queries of every peer.
const columns = "id, name, description, category, popularity, rating, created_at AS createdAt";

module.exports = {
  one: `SELECT ${columns} FROM items WHERE id = ?`,
  list: `SELECT ${columns} FROM items ORDER BY id LIMIT 20`,
  /** Takes 100 ms in the database, so a pool of ten manages about a hundred a second. */
  work: "SELECT SLEEP(0.1) AS slept",
};
