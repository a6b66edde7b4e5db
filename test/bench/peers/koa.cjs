// Plain Koa, the base of all comparisons.
const { default: Koa } = require("koa");
const { pool } = require("./pool.cjs");
const queries = require("./queries.cjs");

const app = new Koa();

app.use(async (ctx) => {
  const [, id] = /^\/items\/(\d+)$/.exec(ctx.path) ?? [];
  if (id !== undefined) {
    const [[item]] = await pool.query(queries.one, [Number(id)]);
    if (item !== undefined) ctx.body = item;
  } else if (ctx.path === "/items") {
    [ctx.body] = await pool.query(queries.list);
  } else if (ctx.path === "/work") {
    [ctx.body] = await pool.query(queries.work);
  }
});

app.listen(process.env.PORT, "127.0.0.1");
