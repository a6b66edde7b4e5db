// `npm run test:init`: runs init for one case (INIT_CASE, a number: see cases.ts) in a copy of the project, then the copy's own checks
// and tests, and the copy itself: from the first request to its trace. With INIT_TESTS=all, all that `npm test` runs.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { copyProject, type ProjectCopy } from "../scripts/project-copy.ts";
import { createDatabase, eventually, freePort } from "../support/helper.ts";
import { cases } from "./cases.ts";

const [{ INIT_CASE = "0", INIT_TESTS = "some" }, all] = [process.env, process.env.INIT_TESTS === "all"];
const answers = cases[Number(INIT_CASE)];
if (answers === undefined) throw new Error(`INIT_CASE is "${INIT_CASE}": it takes 0 to ${cases.length - 1}`);
if (!["some", "all"].includes(INIT_TESTS)) throw new Error(`INIT_TESTS is "${INIT_TESTS}": it takes some or all`);
const { name, domain, database, port, holder } = answers;
const docker = spawnSync("docker", ["compose", "version"]).status === 0;

/** A quick part of `npm test`: what init touches. */
const some = [
  "test/*.test.ts",
  `test/${domain === "" ? "automations" : domain}/*.test.ts`,
  "test/{grafana,otel}/*.test.ts",
  "test/scripts/{add,settings,token,traffic,local}.test.ts",
  "test/service/{config,main,provoked-faults}.test.ts",
];

describe(`${name}, ${domain === "" ? "with the example" : `with ${domain}`}`, () => {
  let copy: ProjectCopy;
  before(async () => {
    copy = await copyProject();
    for (const args of [
      ["init", "--quiet"],
      ["add", "--all"],
      ["commit", "--quiet", "--message", "first"],
    ]) {
      assert.equal((await copy.git(...args)).code, 0);
    }
    const ofDomain = domain === "" ? ["--keep-example"] : ["--domain", domain];
    const rest = ["--database", database, "--port", String(port), "--holder", holder, "--yes"];
    const { code, output } = await copy.node("scripts/init.js", name, ...ofDomain, ...rest);
    assert.equal(code, 0, output);
    await copy.git("add", "--all");
    await copy.git("commit", "--quiet", "--message", "second");
  });
  after(() => copy.remove());

  async function passes(file: string, ...args: string[]): Promise<string> {
    const { code, output } = await copy.run(file, ...args);
    assert.equal(code, 0, output.slice(-8000));
    return output;
  }

  if (domain !== "")
    it("has no line that names the template or its example", async () => {
      const { code, output } = await copy.git(
        "grep",
        "--ignore-case",
        "-E",
        "automation|marketplace|koa-service-template",
      );
      assert.deepEqual([code, output], [1, ""]);
    });

  it("passes npm run check", async () => {
    await passes("npm", "run", "check");
    await passes("npm", "run", "check:dashboards");
  });

  it(`passes ${all ? "npm test" : "its own tests"}`, async function () {
    this.timeout(all ? 1_800_000 : 240_000);
    const files = all ? [] : some.flatMap((pattern) => [...globSync(pattern, { cwd: copy.folder })]);
    const output = await passes("npm", "test", "--", ...files);
    process.stdout.write(`      ${/\d+ passing.*/.exec(output)?.[0]}\n`);
  });

  it("has a valid docker-compose.yml", async function () {
    if (!docker) this.skip();
    assert.match(await passes("docker", "compose", "config"), new RegExp(`image: ${name}:local`));
  });

  if (all)
    it("has rules that promtool accepts", async function () {
      this.timeout(600_000);
      if (!docker) this.skip();
      await passes("npm", "run", "test:stack", "--", "test/stack/rules.test.ts");
    });

  it("starts with npm run local, and shows the trace of its first request", async () => {
    const db = await createDatabase();
    const [PORT, VIEWER_PORT, WEBHOOK_PORT] = await Promise.all([freePort(), freePort(), freePort()]);
    const ports = { PORT: String(PORT), VIEWER_PORT: String(VIEWER_PORT), WEBHOOK_PORT: String(WEBHOOK_PORT) };
    const child = spawn(process.execPath, ["scripts/local.js"], {
      cwd: copy.folder,
      env: { ...process.env, ...ports, MYSQL_URL: db.url, TRAFFIC: "off" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    try {
      await eventually(
        "its addresses",
        () => output.includes(`http://127.0.0.1:${PORT}`) && /stop +Ctrl-C/.test(output),
        60_000,
      );
      const route = domain === "" ? "/api/automations/marketplace" : `/api/${domain}`;
      const headers = { "x-api-key": "development-key" };
      assert.equal((await fetch(`http://127.0.0.1:${PORT}${route}`, { headers })).status, 200, output);
      const traces = async () => (await fetch(`http://127.0.0.1:${VIEWER_PORT}/v1/traces`)).text();
      const found = await eventually(
        "the trace",
        async () => {
          const text = await traces();
          return text.includes(`GET ${route}`) && text;
        },
        20_000,
      );
      assert.ok(found.includes(name), "the trace does not name the service");
    } finally {
      child.kill("SIGTERM");
      await once(child, "close");
      await db.drop();
    }
  });
});
