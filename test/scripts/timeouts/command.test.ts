import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Report, reportSchema } from "../../../scripts/timeouts/report.ts";
import { paths } from "../../support/fixture/routes.ts";
import { createDatabase, freePort, secret, spawnService, token } from "../../support/helper.ts";
import { serve, timeouts } from "./peers.ts";

/** Strict: a field that the schema does not know fails. */
const read = (stdout: string): Report => reportSchema.strict().parse(JSON.parse(stdout));
const quick = ["--duration", "1s", "--rate", "20"];

describe("npm run timeouts", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "timeouts-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("reports a usage error in one line, with exit code 2", async () => {
    const unreachable = `http://127.0.0.1:${await freePort()}`;
    const cases: [string[], RegExp][] = [
      [["--what"], /^timeouts: Unknown option '--what'/],
      [["--url", "http://192.0.2.1:8000"], /192\.0\.2\.1 is not this machine.*--allow-remote/],
      [["--url", unreachable], /cannot reach http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/],
    ];
    const ends = cases.map(async ([args, message]) => {
      const { code, stdout, stderr } = await timeouts(...args).ended;
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    });
    await Promise.all(ends);
  });

  it("prints its options with --help", async () => {
    const { code, stdout } = await timeouts("--help").ended;
    assert.equal(code, 0);
    for (const option of ["--url", "--rate", "--duration", "--json", "--html", "--allow-remote", "130"]) {
      assert.ok(stdout.includes(option), option);
    }
  });

  it("measures any HTTP service, and says when phases and the cause are unknown", async () => {
    const peer = await serve((_request, response) => void setTimeout(() => response.end("hello"), 300));
    const [text, json] = await Promise.all([
      timeouts("--url", peer.url, ...quick).ended,
      timeouts("--url", `${peer.url}/own?path=1`, ...quick, "--json").ended,
    ]);
    await peer.close();
    assert.equal(text.code, 1);
    assert.match(text.stdout, /^GET \/ +20 +20 +0 +0 +0 /m);
    assert.match(text.stdout, /^phases: not available/m);
    assert.match(text.stdout, /^✗ p95 of most endpoints < 200 ms/m);
    assert.match(text.stdout, /^\? memory < 70 % +– +not measured$/m);
    assert.match(text.stdout, /^verdict: unknown cause\n.*\n.*no phases.*the cause stays unknown/m);
    const { endpoints, health, metrics, verdict, partial } = read(json.stdout);
    assert.deepEqual(
      endpoints.map(({ name }) => name),
      ["GET /own?path=1"],
    );
    assert.deepEqual([health, metrics, verdict.cause, partial], [null, null, "unknown", false]);
  });

  it("names the endpoints that it finds but may not call", async () => {
    const peer = await serve(({ url }, response) => {
      if (url !== "/metrics") return void response.writeHead(401).end();
      const names = [
        "GET /things",
        "GET /things/{id}",
        "POST /things",
        "GET /faults",
        "GET /api/faults/rows",
        "GET /health",
        "GET unmatched",
      ];
      response.end(JSON.stringify({ endpoints: Object.fromEntries(names.map((name) => [name, {}])) }));
    });
    const { code, stderr } = await timeouts("--url", peer.url, ...quick).ended;
    await peer.close();
    assert.deepEqual([code, stderr], [2, "timeouts: every endpoint found needs --token or --api-key: GET /things\n"]);
  });

  it("prints a partial report on Ctrl-C, with exit code 130", async () => {
    const peer = await serve((_request, response) => void response.end("hello"));
    const file = join(folder, "partial.html");
    const run = timeouts("--url", peer.url, "--rate", "50", "--duration", "5m", "--json", "--html", file);
    await run.waitForOutput(/50 a second, /);
    for (let before = peer.count(); peer.count() < before + 20; )
      await new Promise((resolve) => setTimeout(resolve, 20));
    run.child.kill("SIGINT");
    const { code, stdout } = await run.ended;
    await peer.close();
    assert.equal(code, 130);
    const { partial, seconds, total } = read(stdout);
    assert.ok(partial && seconds < 20);
    assert.ok(total.good >= 10 && total.good === total.sent);
    assert.match(await readFile(file, "utf8"), /<h1>Partial timeout report/);
  });

  it("reports that nothing was measured when it is stopped before the load", async () => {
    const peer = await serve((_request, response) => void response.end("hello"));
    const run = timeouts("--url", peer.url);
    await run.waitForOutput(/warming up/);
    run.child.kill("SIGTERM");
    const { code, stdout } = await run.ended;
    await peer.close();
    assert.equal(code, 130);
    assert.match(stdout, /^PARTIAL: .*stopped before the load/);
    assert.match(stdout, /Nothing was measured/);
  });

  it("finds the service's endpoints, its phases, memory and queries, and writes the page", async () => {
    const db = await createDatabase();
    const env = {
      MYSQL_URL: db.url,
      FIXTURE_ITEMS: "50",
      OTEL_SDK_DISABLED: "true",
      // A busy machine must not make this test fail.
      LOOP_DELAY_SHED_MS: "5000",
      ADMISSION_WAIT_MS: "1000",
    };
    const service = await spawnService(env);
    const early = await timeouts("--url", service.url, ...quick).ended;
    assert.equal(early.code, 2);
    assert.match(
      early.stderr,
      /names no GET route without parameters yet: request one first, or name one with --endpoint/,
    );
    await requestEach(service.url);
    const file = join(folder, "report.html");
    const [found, given] = await Promise.all([
      timeouts("--url", service.url, ...quick, "--json", "--html", file).ended,
      timeouts(
        "--url",
        service.url,
        ...quick,
        "--json",
        "--token",
        token,
        "--endpoint",
        `GET ${paths.item}`,
        "--endpoint",
        "GET /api/none",
      ).ended,
    ]);
    await service.stop();
    await db.drop();
    const report = read(found.stdout);
    assert.deepEqual(
      report.endpoints.map(({ name, sent }) => [name, sent]),
      [
        [`GET ${paths.cached}`, 10],
        [`GET ${paths.items}`, 10],
      ],
    );
    assert.ok(found.stderr.startsWith(`endpoints: GET ${paths.cached}, GET ${paths.items}\n`), found.stderr);
    assert.ok((report.endpoints[1]?.phases.mean?.query ?? 0) > 0, JSON.stringify(report.endpoints[1]));
    assert.ok((report.calm?.phases?.query ?? 0) > 0);
    assert.ok((report.queryP95Ms ?? 0) > 0 && (report.metrics?.queryP95Ms ?? 0) > 0);
    assert.ok((report.health?.samples ?? 0) >= 2 && (report.health?.memoryPercentMax ?? 0) > 0);
    assert.equal(report.health?.database?.poolLimit, 15);
    assert.equal(report.targets.length, 5);
    assert.equal(found.code, report.targets.some(({ met }) => met === false) ? 1 : 0);
    assert.match(await readFile(file, "utf8"), /<rect class="phase-query"/);
    assert.ok(!found.stdout.includes(secret));

    const [one, none] = read(given.stdout).endpoints;
    assert.deepEqual([one?.good, one?.errors], [10, 0]);
    assert.deepEqual([none?.good, none?.errorsBy], [0, { not_found: 10 }]);
    assert.equal(given.code, 1);
    assert.ok(!given.stdout.includes(token) && !given.stderr.includes(token));
  });

  it("finds health and metrics on the admin port", async () => {
    const db = await createDatabase();
    const adminPort = String(await freePort());
    const service = await spawnService({ MYSQL_URL: db.url, OTEL_SDK_DISABLED: "true", ADMIN_PORT: adminPort });
    await requestEach(service.url);
    const admin = ["--admin-url", `http://127.0.0.1:${adminPort}`];
    const { stdout, stderr } = await timeouts("--url", service.url, ...admin, ...quick, "--json").ended;
    await service.stop();
    await db.drop();
    const report = read(stdout);
    assert.ok((report.health?.samples ?? 0) >= 2 && report.metrics !== null);
    assert.ok(stderr.startsWith(`endpoints: GET ${paths.cached}, GET ${paths.items}\n`), stderr);
  });
});

/** Requests each list once: /metrics lists a route only then. */
async function requestEach(url: string): Promise<void> {
  // /metrics keeps what it has collected for a second.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const path of [paths.items, paths.cached]) assert.equal((await fetch(url + path)).status, 200);
}
