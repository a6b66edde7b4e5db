// Plain node:http.
const { createServer } = require("node:http");
const { pool } = require("./pool.cjs");
const queries = require("./queries.cjs");

async function answer(path) {
  const [, id] = /^\/items\/(\d+)$/.exec(path) ?? [];
  if (id !== undefined) {
    const [[item]] = await pool.query(queries.one, [Number(id)]);
    return item;
  }
  if (path === "/items") return (await pool.query(queries.list))[0];
  if (path === "/work") return (await pool.query(queries.work))[0];
  return undefined;
}

createServer(async (request, response) => {
  const result = await answer(request.url);
  const body = JSON.stringify(result ?? { message: "Not Found" });
  response.writeHead(result === undefined ? 404 : 200, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}).listen(process.env.PORT, "127.0.0.1");
