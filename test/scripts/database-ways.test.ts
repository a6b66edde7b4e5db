import assert from "node:assert/strict";
import { openFromUrl, withoutPassword } from "../../scripts/bootstrap/database/from-url.js";
import { settingsOf } from "../../scripts/bootstrap/database/login.js";
import { chooseWays, openDatabase } from "../../scripts/bootstrap/database/open.js";
import { firstThatWorks, Unavailable } from "../../scripts/bootstrap/database/way.js";
import { freePort } from "../../scripts/bootstrap/ports.js";
import { parseDatabaseUrl } from "../../src/platform/database/url.ts";

describe("where the database comes from", () => {
  const tried: string[] = [];
  beforeEach(() => tried.splice(0));

  function way(name: string, outcome: "works" | "unavailable" | "fails") {
    return {
      name,
      async open() {
        tried.push(name);
        if (outcome === "unavailable") throw new Unavailable(`${name} is not here`);
        if (outcome === "fails") throw new Error(`${name} broke`);
        return {
          url: `mysql://${name}/x`,
          edition: { kind: "mysql" as const, version: "9.7.4", major: 9, minor: 7 },
          from: name,
        };
      },
    };
  }
  const noted = () => {};

  it("tries an installed server, then a container, then the system's packages", () => {
    const ways = {
      packages: way("packages", "works"),
      container: way("container", "works"),
      path: way("path", "works"),
    };
    assert.deepEqual(
      chooseWays(undefined, ways).map(({ name }) => name),
      ["path", "container", "packages"],
    );
  });

  it("takes the first way that works and tries no others", async () => {
    const ways = [way("path", "unavailable"), way("container", "works"), way("packages", "works")];
    assert.equal((await firstThatWorks(ways, noted)).from, "container");
    assert.deepEqual(tried, ["path", "container"]);
  });

  it("lists the options and what was tried when none works", async () => {
    const attempt = firstThatWorks([way("path", "unavailable"), way("packages", "unavailable")], noted);
    await assert.rejects(
      attempt,
      /set MYSQL_URL=[\s\S]*start Docker[\s\S]*- path: path is not here\n.*- packages: packages is not/,
    );
  });

  for (const url of [
    "mysql://us%40er:p%2Fw@[::1]:3307/my%20db",
    "mysql://u:p@db/shop?ssl-mode=disabled",
    "mysql://u:p@db/shop?ssl-mode=REQUIRED",
    `mysql://u:p@db/shop?ssl-mode=VERIFY_CA&ssl-ca=${import.meta.filename}`,
    `mysql://u:p@db/shop?ssl-mode=verify_identity&ssl-cert=${import.meta.filename}&ssl-key=${import.meta.filename}`,
    "mysql://u:p@localhost/shop?socketPath=/run/mysqld.sock",
  ]) {
    it(`reads ${url.replaceAll(import.meta.dirname, "…")} like the service`, () => {
      assert.deepEqual(settingsOf(url), parseDatabaseUrl(url));
    });
  }

  it("stops at an error that another way would hide", async () => {
    await assert.rejects(firstThatWorks([way("path", "fails"), way("container", "works")], noted), {
      message: "path broke",
    });
    assert.deepEqual(tried, ["path"]);
  });

  it("tries only the way named in MYSQL_FROM", () => {
    const ways = {
      packages: way("packages", "works"),
      container: way("container", "works"),
      path: way("path", "works"),
    };
    assert.deepEqual(chooseWays("packages", ways), [ways.packages]);
    assert.throws(() => chooseWays("docker", ways), /MYSQL_FROM is "docker": it takes path, container or packages/);
  });

  it("uses MYSQL_URL unchanged and starts nothing", async () => {
    const env = { MYSQL_URL: process.env.MYSQL_URL };
    const options = { env, keepIn: undefined, keeper: undefined, signal: new AbortController().signal, note: noted };
    const database = await openDatabase(options);
    assert.equal(database.url, process.env.MYSQL_URL);
    assert.equal(database.child, undefined);
  });

  it("shows MYSQL_URL without its password when the server does not respond", async () => {
    const url = `mysql://somebody:secret@127.0.0.1:${await freePort()}/shop`;
    await assert.rejects(openFromUrl(url), ({ message }: Error) => {
      assert.match(message, /^MYSQL_URL \(somebody@127\.0\.0\.1:\d+\/shop\) does not answer: .*ECONNREFUSED/);
      return !message.includes("secret");
    });
  });

  it("rejects a malformed MYSQL_URL without repeating it", async () => {
    for (const url of ["secret", "postgres://a:secret@b/c", "mysql://a:secret@b"]) {
      assert.equal(withoutPassword(url), undefined);
      await assert.rejects(openFromUrl(url), {
        message: "MYSQL_URL is not of the form mysql://user:password@host:3306/database.",
      });
    }
  });
});
