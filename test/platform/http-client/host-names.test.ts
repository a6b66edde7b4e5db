import assert from "node:assert/strict";
import { promises as dns, type LookupAddress } from "node:dns";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { connectionOptions } from "../../../src/platform/database/connection.ts";
import { Names, type NamesOptions } from "../../../src/platform/http-client/names/host-names.ts";
import { candidates, parseHosts, parseSearch } from "../../../src/platform/http-client/names/system-files.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { createDatabase, eventually } from "../../support/helper.ts";
import { clientWith, type Dependency, dependency, ok } from "./dependency.ts";
import { type DnsAnswer, dnsServer } from "./dns-server.ts";

type Server = Awaited<ReturnType<typeof dnsServer>>;

describe("name resolution of outbound calls", () => {
  let answers: Record<string, DnsAnswer>;
  let server: Server;
  let folder: string;
  let hostsPath: string;
  let resolvConfPath: string;
  before(async () => {
    server = await dnsServer((name) => answers[name] ?? "nxdomain");
    folder = mkdtempSync(join(tmpdir(), "names-"));
    hostsPath = join(folder, "hosts");
    resolvConfPath = join(folder, "resolv.conf");
  });
  beforeEach(() => {
    answers = {};
    server.asked.length = 0;
    writeFileSync(hostsPath, "");
    writeFileSync(resolvConfPath, "");
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const namesWith = (options: Partial<NamesOptions> = {}) =>
    new Names({ limitMs: 400, servers: server.servers, hostsPath, resolvConfPath, ...options });
  async function find(names: Names, name: string): Promise<string[]> {
    const lookup = promisify(names.lookup);
    const found: string | LookupAddress[] = await Reflect.apply(lookup, undefined, [name, { all: true }]);
    return typeof found === "string" ? [found] : found.map(({ address }) => address);
  }

  it("queries DNS for both families and returns IPv4 first", async () => {
    answers["both.example"] = ["2001:db8::1", "192.0.2.1", "192.0.2.2"];
    answers["six.example"] = ["2001:db8::2"];
    assert.deepEqual(await find(namesWith(), "both.example"), ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    assert.deepEqual(await find(namesWith(), "SIX.example"), ["2001:db8::2"]);
    const address: unknown = await promisify(namesWith().lookup)("both.example", { family: 6 });
    assert.equal(address, "2001:db8::1");
  });

  it("succeeds when the server answers for one family only", async () => {
    const half = await dnsServer((_name, family) => (family === 4 ? ["192.0.2.1"] : "silent"));
    const startedAt = performance.now();
    assert.deepEqual(await find(namesWith({ servers: half.servers, limitMs: 20_000 }), "half.example"), ["192.0.2.1"]);
    assert.ok(performance.now() - startedAt < 10_000, "does not wait for the other family");
    await half.stop();
  });

  it("reads the hosts file first, and again when it changes", async () => {
    answers["there.example"] = ["192.0.2.9"];
    writeFileSync(hostsPath, "192.0.2.1 there.example Hooks # a comment\n::1\tthere.example\nnonsense x\n");
    const names = namesWith();
    assert.deepEqual(await find(names, "there.example"), ["192.0.2.1", "::1"]);
    assert.deepEqual(await find(names, "hooks"), ["192.0.2.1"]);
    assert.deepEqual(server.asked, []);
    writeFileSync(hostsPath, "192.0.2.2 hooks\n");
    utimesSync(hostsPath, 1, 1);
    await eventually("the changed address", async () => (await find(names, "hooks"))[0] === "192.0.2.2");
    assert.deepEqual(await find(names, "there.example"), ["192.0.2.9"]);
  });

  it("completes short names from the search list", async () => {
    writeFileSync(resolvConfPath, "domain old.example\nsearch one.example two.example.\noptions timeout:1 ndots:2\n");
    answers["hooks.two.example"] = ["192.0.2.1"];
    answers["a.b.c"] = ["192.0.2.2"];
    assert.deepEqual(await find(namesWith(), "hooks"), ["192.0.2.1"]);
    assert.deepEqual([...new Set(server.asked)], ["hooks.one.example", "hooks.two.example"]);
    server.asked.length = 0;
    assert.deepEqual(await find(namesWith(), "a.b.c"), ["192.0.2.2"], "tried as it is first, with enough dots");
    assert.deepEqual([...new Set(server.asked)], ["a.b.c"]);
    await assert.rejects(find(namesWith(), "hooks."), { code: "ENOTFOUND" }, "a trailing dot skips the search list");
  });

  it("sends no query for IP addresses and localhost", async () => {
    const names = namesWith();
    assert.deepEqual(await find(names, "localhost"), ["127.0.0.1", "::1"]);
    assert.deepEqual(await find(names, "a.LOCALHOST."), ["127.0.0.1", "::1"]);
    assert.deepEqual(await find(names, "192.0.2.7"), ["192.0.2.7"]);
    assert.deepEqual(await find(names, "2001:db8::7"), ["2001:db8::7"]);
    assert.deepEqual(server.asked, []);
  });

  it("fails with a code that says why", async () => {
    Object.assign(answers, { "none.example": [], "broken.example": "servfail", "no.example": "refused" });
    Object.assign(answers, { "silent.example": "silent", "forged.example": "forged" });
    const codes = {
      "missing.example": "ENOTFOUND",
      "none.example": "ENOTFOUND",
      "broken.example": "ESERVFAIL",
      "no.example": "EREFUSED",
      "silent.example": "ETIMEOUT",
      "forged.example": "ETIMEOUT",
      [`${"x".repeat(64)}.example`]: "EBADNAME",
    };
    await Promise.all(
      Object.entries(codes).map(([name, code]) => assert.rejects(find(namesWith(), name), { code }, name)),
    );
    writeFileSync(resolvConfPath, "search broken\n");
    answers["host.broken"] = "servfail";
    await assert.rejects(find(namesWith(), "host"), { code: "ESERVFAIL" }, "the name may exist after all");
  });

  it("limits concurrent lookups, shares those for the same name, and times out", async () => {
    answers["quick.example"] = ["192.0.2.1"];
    const names = namesWith({ concurrency: 3 });
    const slow = await dnsServer(() => "silent");
    const silent = namesWith({ concurrency: 3, servers: slow.servers });
    const asking = ["a", "a", "b", "c", "d"].map((name) => assert.rejects(find(silent, name), { code: "ETIMEOUT" }));
    await eventually("three running lookups", () => silent.state.running === 3);
    assert.deepEqual(silent.state, { running: 3, waiting: 1 });
    await Promise.all(asking);
    assert.deepEqual(silent.state, { running: 0, waiting: 0 });
    const all = Array.from({ length: 20 }, () => find(names, "quick.example"));
    assert.deepEqual([...new Set((await Promise.all(all)).flat())], ["192.0.2.1"]);
    assert.equal(server.asked.length, 2, "one query for each family");
    await slow.stop();
  });

  it("releases a lookup's slot when the last call that needs it ends", async () => {
    const slow = await dnsServer((name) => (name === "next.example" ? ["192.0.2.1"] : "silent"));
    const names = namesWith({ concurrency: 1, limitMs: 60_000, servers: slow.servers });
    const [endFirst, endSecond] = [names.use("Slow.example"), names.use("slow.example")];
    const abandoned = assert.rejects(find(names, "slow.example"), { code: "ECANCELLED" });
    const next = find(names, "next.example");
    endFirst();
    await new Promise(setImmediate);
    assert.deepEqual(names.state, { running: 1, waiting: 1 }, "another call still needs it");
    endSecond();
    await abandoned;
    assert.deepEqual(await next, ["192.0.2.1"]);
    await slow.stop();
  });

  it("ignores invalid lines in the hosts file and resolv.conf", () => {
    assert.deepEqual([...parseHosts("a b c\n#1.2.3.4 x\n\n1.2.3.4\n999.1.1.1 y")], []);
    assert.deepEqual(parseSearch("search\noptions ndots:x rotate\n"), { domains: [], ndots: 1 });
    assert.equal(parseSearch("options ndots:99").ndots, 15);
    assert.deepEqual(candidates("a.b", { domains: ["c"], ndots: 1 }), ["a.b", "a.b.c"]);
    assert.deepEqual(candidates("a", { domains: ["c"], ndots: 1 }), ["a.c", "a"]);
  });
});

describe("calls to host names", () => {
  let target: Dependency;
  let port: string;
  before(async () => {
    target = await dependency((socket) => ok(socket));
    ({ port } = new URL(target.url));
  });
  after(() => target.stop());

  it("reach the address from DNS if the policy allows it", async () => {
    const server = await dnsServer((name) => (name === "hooks.example" ? ["127.0.0.1"] : ["10.0.0.1"]));
    const client = clientWith({ dnsServers: server.servers, allowPrivate: ["127.0.0.1"] });
    assert.equal((await client.request(`http://hooks.example:${port}/`)).status, 200);
    await assert.rejects(client.request(`http://inside.example:${port}/`), { type: "destination_refused" });
    await client.close();
    await server.stop();
  });

  it("tell a failed lookup from a slow one, and are retried when no server answered", async () => {
    let tries = 0;
    const server = await dnsServer((name, family) => {
      if (name === "later.example") return family === 4 && ++tries > 1 ? ["127.0.0.1"] : "servfail";
      return name === "silent.example" ? "silent" : "nxdomain";
    });
    const client = clientWith({ dnsServers: server.servers, connectTimeoutMs: 300, timeoutMs: 1000 });
    const post = (name: string) => client.request(`http://${name}:${port}/`, { method: "POST" });
    const causeOf = (type: string, code: string) => (error: unknown) =>
      error instanceof Problem && error.type === type && Object(error.options.cause).code === code;
    await assert.rejects(post("missing.example"), causeOf("dependency_failed", "ENOTFOUND"));
    await assert.rejects(
      post("silent.example"),
      (error) => error instanceof Problem && error.type === "outbound_timeout",
    );
    assert.equal((await client.request(`http://later.example:${port}/`)).status, 200);
    await client.close();
    await server.stop();
  });

  it("don't slow down other lookups or new database connections while their DNS server is silent", async () => {
    const server = await dnsServer(() => "silent");
    const db = await createDatabase();
    const client = clientWith({ dnsServers: server.servers, connectTimeoutMs: 5000, timeoutMs: 5000 });
    const calls = Array.from({ length: 24 }, (_, index) =>
      assert.rejects(client.request(`http://${index}.slow.example:${port}/`), { type: "outbound_timeout" }),
    );
    await eventually("16 running lookups", () => new Set(server.asked).size >= 16);
    const url = new URL(db.url);
    url.hostname = "localhost";
    const startedAt = performance.now();
    await dns.lookup("localhost");
    const connection = await createConnection(connectionOptions(url.href));
    const tookMs = performance.now() - startedAt;
    await connection.end();
    assert.ok(tookMs < 3000, `${tookMs} ms for a name and a connection`);
    assert.equal(new Set(server.asked).size, 16, "at most 16 at a time");
    await Promise.all(calls);
    await client.close();
    await db.drop();
    await server.stop();
  });

  it("cancel their lookups when they end", async () => {
    const server = await dnsServer(() => "silent");
    const client = clientWith({ dnsServers: server.servers, connectTimeoutMs: 5000, timeoutMs: 100 });
    const first = Array.from({ length: 16 }, (_, index) =>
      assert.rejects(client.request(`http://${index}.first.example:${port}/`), { type: "outbound_timeout" }),
    );
    await Promise.all(first);
    await assert.rejects(client.request(`http://second.example:${port}/`), { type: "outbound_timeout" });
    assert.ok(server.asked.includes("second.example"), "got a slot from the cancelled ones");
    await client.close();
    await server.stop();
  });
});
