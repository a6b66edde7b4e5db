import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import fc from "fast-check";
import { z } from "zod";
import { loadConfig } from "../../src/config/config.ts";
import { variables as platformVariables } from "../../src/config/environment.ts";
import type { Domain } from "../../src/platform/domain.ts";
import { ConfigError, mask } from "../../src/platform/variables.ts";
import { domains, ownDomains } from "../support/domains.ts";
import { root } from "../support/helper.ts";

const variablesWith = (domains: readonly Domain[]) =>
  z.object(Object.assign({}, platformVariables.shape, ...domains.map((domain) => domain.variables.shape)));
const minimal = { APP_ENV: "development", MYSQL_URL: "mysql://user:hunter2@db:3306/shop" };

function complaints(environment: Record<string, string>): string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split("\n");
  }
  return [];
}

describe("config", () => {
  it("needs nothing but a database in development", () => {
    const config = loadConfig(minimal);
    assert.equal(config.port, 8000);
    assert.equal(config.logLevel, "info");
    assert.equal(config.database.limit, 15);
  });

  it("keeps the database's breaker open for a second, and other breakers for a minute", () => {
    const { outbound, database } = loadConfig({ ...minimal, BREAKER_FAILURES: "7" });
    assert.deepEqual(outbound.breaker, { failures: 7, resetMs: 60_000, probeTimeoutMs: 3000 });
    assert.deepEqual(database.breaker, { failures: 7, resetMs: 1000, probeTimeoutMs: 500 });
    const unprotected = loadConfig({ ...minimal, PROTECTION: "off" });
    assert.deepEqual([unprotected.outbound.breaker, unprotected.database.breaker], [undefined, undefined]);
  });

  it("defaults to production, which logs warnings and errors only", () => {
    const config = loadConfig({ MYSQL_URL: minimal.MYSQL_URL, JWT_SECRET: "a-secret-of-my-own-that-is-long-enough" });
    assert.equal(config.environment, "production");
    assert.equal(config.logLevel, "warn");
  });

  it("says in one line which variable is invalid, what it got and what it takes", () => {
    assert.deepEqual(complaints({ ...minimal, PORT: "80a" }), [
      'PORT: got "80a", takes a whole number from 0 to 65535 (the port to listen on; 0 picks any free one)',
    ]);
    assert.deepEqual(complaints({ APP_ENV: "development" }), [
      "MYSQL_URL: got nothing, takes mysql://user:password@host:3306/database, optionally with parameters such as ?ssl-mode=VERIFY_CA",
    ]);
  });

  it("describes what each variable takes", () => {
    for (const name of Object.keys(variablesWith(domains).shape)) {
      for (const line of complaints({ ...minimal, [name]: "\u0000:" }))
        assert.doesNotMatch(line, /takes another value/);
    }
  });

  it("lists every invalid variable at once", () => {
    assert.deepEqual(
      complaints({ APP_ENV: "staging", PORT: "70000", MYSQL_URL: "db" }).map((line) => line.split(":")[0]),
      ["APP_ENV", "PORT", "MYSQL_URL"],
    );
  });

  it("treats an empty variable as not set", () => {
    assert.equal(loadConfig({ ...minimal, PORT: "" }).port, 8000);
  });

  it("rejects the development secret in production", () => {
    assert.match(
      complaints({ MYSQL_URL: minimal.MYSQL_URL })[0] ?? "",
      /^JWT_SECRET: got nothing, takes your own secret/,
    );
    const given = { MYSQL_URL: minimal.MYSQL_URL, JWT_SECRET: "development-secret-development-secret" };
    assert.match(complaints(given)[0] ?? "", /^JWT_SECRET: got "\*\*\*"/);
  });

  it("allows calls to private addresses only in development or where configured", () => {
    const production = { MYSQL_URL: minimal.MYSQL_URL, JWT_SECRET: "a-secret-of-my-own-that-is-long-enough" };
    assert.deepEqual(loadConfig(production).outbound.allowPrivate, []);
    assert.ok(loadConfig(minimal).outbound.allowPrivate.includes("127.0.0.0/8"));
    const given = loadConfig({ ...production, OUTBOUND_ALLOW_PRIVATE: "10.1.0.0/16, ::1" });
    assert.deepEqual(given.outbound.allowPrivate, ["10.1.0.0/16", "::1"]);
    assert.match(complaints({ ...minimal, OUTBOUND_ALLOW_PRIVATE: "10.1.0.0/33" }).join(), /^OUTBOUND_ALLOW_PRIVATE/);
  });

  it("rejects more idle connections than the pool allows", () => {
    assert.match(
      complaints({ ...minimal, DB_POOL_LIMIT: "3" })[0] ?? "",
      /^DB_POOL_MAX_IDLE: got "5", takes at most DB_POOL_LIMIT \(3\)/,
    );
  });

  it("rejects values that contradict each other", () => {
    const contradictions: [Record<string, string>, RegExp][] = [
      [{ DB_QUERY_TIMEOUT_MS: "3000" }, /^DB_QUERY_TIMEOUT_MS: got "3000", takes less than DEADLINE_MS \(3000\)$/],
      [{ ADMISSION_WAIT_MS: "5000" }, /^ADMISSION_WAIT_MS: .* less than DEADLINE_MS/],
      [{ OUTBOUND_TIMEOUT_MS: "500" }, /^OUTBOUND_CONNECT_TIMEOUT_MS: got "500", takes less than OUTBOUND_TIMEOUT_MS/],
      [{ ADMIN_PORT: "8000" }, /^ADMIN_PORT: got "8000", takes a port other than PORT$/],
      [{ MEMORY_WARN_PERCENT: "95" }, /^MEMORY_WARN_PERCENT: .* at most MEMORY_SHED_PERCENT \(90\)$/],
      [{ SERVER_HEADERS_TIMEOUT_MS: "40000" }, /^SERVER_HEADERS_TIMEOUT_MS: .* at most SERVER_REQUEST_TIMEOUT_MS/],
      [{ BREAKER_RESET_MS: "1500" }, /^BREAKER_RESET_MS: got "1500", takes more than OUTBOUND_TIMEOUT_MS \(1500\)$/],
      [{ DB_BREAKER_PROBE_MS: "1000" }, /^DB_BREAKER_RESET_MS: .* more than DB_BREAKER_PROBE_MS \(1000\)$/],
      [{ JWT_JWKS_URL: "https://id.example.com/keys", JWT_ISSUER: "x" }, /^JWT_AUDIENCE: got nothing/],
    ];
    for (const [given, complaint] of contradictions)
      assert.match(complaints({ ...minimal, ...given }).join("\n"), complaint);
    const production = { MYSQL_URL: minimal.MYSQL_URL, JWT_SECRET: "a-secret-of-my-own-that-is-long-enough" };
    const jwks = { ...production, JWT_ISSUER: "x", JWT_AUDIENCE: "x" };
    for (const url of ["http://id.example.com/keys", "HTTP://id.example.com/keys", " http://id.example.com/keys"]) {
      assert.match(complaints({ ...jwks, JWT_JWKS_URL: url }).join(), /^JWT_JWKS_URL: got .* takes an https address/);
    }
    assert.deepEqual(complaints({ ...jwks, JWT_JWKS_URL: "HTTPS://id.example.com/keys" }), []);
    assert.match(complaints({ ...production, PROTECTION: "off" }).join(), /^PROTECTION: got "off", takes on/);
    const developmentKey = `me:${createHash("sha256").update("development-key").digest("hex")}`;
    assert.match(complaints({ ...production, API_KEYS: developmentKey }).join(), /^API_KEYS: got "\*\*\*"/);
    assert.deepEqual(complaints(production), []);
  });

  it("never shows a password or a token, however malformed the value", () => {
    for (const url of [
      "mysql://user:hunter2@db",
      "http://user:hunter2@db/shop",
      "mysql//user:hunter2@db/shop",
      "mysql://u:hunter2",
    ]) {
      const complaint = complaints({ ...minimal, MYSQL_URL: url }).join();
      assert.match(complaint, /^MYSQL_URL/);
      assert.doesNotMatch(complaint, /hunter2/);
    }
    assert.doesNotMatch(complaints({ ...minimal, JWT_SECRET: "hunter2" }).join(), /hunter2/);
    assert.equal(mask("MYSQL_URL", minimal.MYSQL_URL), "mysql://user:***@db:3306/shop");
    const others: [string, string][] = [
      ["RATE_LIMIT_REDIS_URL", "redis://cache?password=hunter2"],
      ["RATE_LIMIT_REDIS_URL", "redis://:hunter2%zz@cache"],
      ["JWT_JWKS_URL", "https://me:hunter2@id.example.com/keys"],
      ["FIXTURE_URL", "htp://hooks.example.com/services/hunter2"],
      ["CORS_ORIGINS", "https://a.example.com,https://me:hunter2@b.example.com"],
    ];
    for (const [name, value] of others) {
      const complaint = complaints({ ...minimal, [name]: value }).join("\n");
      assert.match(complaint, new RegExp(`^${name}: [^\n]+$`));
      assert.doesNotMatch(complaint, /hunter2/);
    }
  });

  it("accepts whole numbers only as plain digits", () => {
    const spellings = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.double().map(String),
      fc.integer({ max: -1 }).map(String),
    );
    fc.assert(
      fc.property(spellings, (text) => {
        fc.pre(!/^\d+$/.test(text));
        assert.match(complaints({ ...minimal, PORT: text }).join(), /^PORT/);
      }),
    );
  });

  it("lists every variable in .env.example with its default", () => {
    const text = readFileSync(`${root}/.env.example`, "utf8");
    assert.deepEqual(parseEnv(text), {}, "a copy changes nothing until a line is uncommented");
    const paragraphs = text.split(/\n{2,}/).map((part) => parseEnv(part.replaceAll(/^# (?!OTEL_)([A-Z_]+=)/gm, "$1")));
    const variables = variablesWith(ownDomains);
    const names = new Set(Object.keys(variables.shape));
    // A domain that was removed may have left a paragraph behind, and no more than that.
    const known = paragraphs.filter((part) => Object.keys(part).some((name) => names.has(name)));
    const example = Object.assign({}, ...known);
    assert.deepEqual(Object.keys(example).sort(), [...names].sort());
    const withoutDefault = new Set(["MYSQL_URL", "LOG_LEVEL"]);
    const defaults = variables.parse({ MYSQL_URL: minimal.MYSQL_URL });
    for (const [name, value] of Object.entries(defaults)) {
      assert.equal(example[name], withoutDefault.has(name) ? "" : String(value), name);
    }
  });
});
