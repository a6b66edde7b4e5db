// Express and OpenTelemetry's automatic instrumentation, both set up as documented.
const express = require("express");
const { pool } = require("./pool.cjs");
const queries = require("./queries.cjs");

const app = express();

app.get("/items/:id", async (request, response) => {
  const [[item]] = await pool.query(queries.one, [Number(request.params.id)]);
  if (item === undefined) response.sendStatus(404);
  else response.json(item);
});

app.get("/items", async (_request, response) => {
  const [items] = await pool.query(queries.list);
  response.json(items);
});

app.get("/work", async (_request, response) => {
  const [rows] = await pool.query(queries.work);
  response.json(rows);
});

app.listen(process.env.PORT, "127.0.0.1");
