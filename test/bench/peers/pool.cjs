// The pool of every peer: with the settings of the template's own, so that the driver makes no difference between them.
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
  // It takes a stack trace for every query otherwise, which costs more than some of the differences that are measured here.
  trace: false,
});
