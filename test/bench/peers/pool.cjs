// Every peer's pool, with the template's settings, so that the driver makes no difference.
const { createPool } = require("mysql2/promise");

const { hostname, port, username, password, pathname } = new URL(process.env.MYSQL_URL);

exports.pool = createPool({
  host: hostname,
  port: port === "" ? 3306 : Number(port),
  user: decodeURIComponent(username),
  password: decodeURIComponent(password),
  database: decodeURIComponent(pathname.slice(1)),
  charset: "utf8mb4_unicode_ci",
  timezone: "Z",
  supportBigNumbers: true,
  decimalNumbers: true,
  connectTimeout: 2000,
  connectionLimit: 10,
  maxIdle: 10,
  idleTimeout: 60_000,
  enableKeepAlive: true,
  // Otherwise the driver captures a stack trace per query, which costs more than some of the differences measured here.
  trace: false,
});
