// Loaded by mocha ahead of the tests: they need a real MySQL, which `npm test` finds or starts.
if (!process.env.MYSQL_URL)
  throw new Error("MYSQL_URL is not set: run the tests with `npm test`, which starts a database");
