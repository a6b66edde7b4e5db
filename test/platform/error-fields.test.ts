import assert from "node:assert/strict";
import { createServer } from "node:net";
import fc from "fast-check";
import { createConnection } from "mysql2/promise";
import { z } from "zod";
import { connectionOptions } from "../../src/platform/database/connection.ts";
import { type ErrorFields, errorFields } from "../../src/platform/error-fields.ts";
import { createLogger } from "../../src/platform/log.ts";
import { Problem } from "../../src/platform/request/problem.ts";
import { createDatabase } from "../support/helper.ts";

/** What `work` throws. */
async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const attached = (error: Error, properties: object) => Object.assign(error, properties);

/** Ways in which a value gets into an error: by Node, by V8, by libraries, and by us. */
const carriers: Record<string, (secret: string) => unknown> = {
  "a text that is no URL": (secret) => new URL(secret),
  "a body that is no JSON": (secret) => JSON.parse(`${secret}}`),
  "a string that gets a property": (secret) => Reflect.set(Object.freeze({ [secret]: 1 }), secret, 2) || frozen(secret),
  "a string in place of an object": (secret) => Reflect.apply(inString, undefined, [secret]),
  "an entry that is none": (secret) => Reflect.construct(Map, [[secret]]),
  "a locale that is none": (secret) => new Intl.NumberFormat(`${secret}!`),
  "a number that is none": (secret) => BigInt(`x${secret}`),
  "a schema": (secret) => z.strictObject({ a: z.enum(["b"]) }).parse({ a: secret, [secret]: 1 }),
  "a message that looks like a stack": (secret) => {
    throw new Error(`first\n    at ${secret} (/a.ts:1:1)\n    at /${secret}.ts:1:1`);
  },
  "a message that was changed": (secret) => {
    const error = new TypeError(`one "${secret}"`);
    error.message = `two "${secret}"`;
    throw error;
  },
  "an address in a message of ours": (secret) => {
    throw new Error(`GET https://hooks.example/${secret} failed`);
  },
  "properties that a library attaches": (secret) => {
    throw attached(new Error("failed"), { input: secret, headers: { cookie: secret }, rawPacket: Buffer.from(secret) });
  },
  "a code, a name and a call that are no words": (secret) => {
    throw attached(new Error(secret), { code: `E ${secret}`, name: `N ${secret}`, syscall: `spawn ${secret}` });
  },
  "a driver's error": (secret) => {
    const sql = `SELECT '${secret}'`;
    throw attached(new Error(secret), {
      code: "ER_DUP_ENTRY",
      errno: 1062,
      sqlState: "23000",
      sqlMessage: secret,
      sql,
    });
  },
  "a cause, and the cause of that": (secret) => {
    throw new Problem("dependency_failed", { cause: new Error("x", { cause: attached(new Error("y"), { secret }) }) });
  },
  "errors that are several": (secret) => {
    throw new AggregateError([attached(new Error(secret), { code: "EX", secret })], secret);
  },
  "what is no error": (secret) => {
    throw { message: secret, secret };
  },
  "a text": (secret) => {
    throw secret;
  },
};

function inString(text: object): boolean {
  return "length" in text;
}

function frozen(secret: string): void {
  const text: object = Object(secret);
  Object.defineProperty(text, "0", { value: secret });
}

const secrets = fc.stringMatching(/^[A-Za-z0-9]{12}$/).map((text) => `planted${text}`);

describe("errorFields", () => {
  for (const [name, carry] of Object.entries(carriers)) {
    it(`has no value in it: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(secrets, async (secret) => {
          const error = await thrownBy(() => carry(secret));
          const lines: string[] = [];
          const log = createLogger("info", { write: (line: string) => lines.push(line) });
          log.error({ err: error }, "failed");
          log.error({ err: error });
          if (error instanceof Error) log.error(error);
          log.error({ reason: error instanceof Error ? error : "text" }, "failed");
          assert.ok(lines.length >= 3);
          assert.ok(!lines.join().includes(secret), lines.join());
        }),
        { numRuns: 20 },
      );
    });
  }

  it("says of a bug what it was and where", async () => {
    const nothing: { name?: { first: string } } = {};
    const fields = errorFields(await thrownBy(() => Reflect.get(Object(nothing.name?.first), "x").length));
    assert.equal(fields.type, "TypeError");
    assert.equal(fields.message, "Cannot read properties of undefined (reading 'length')");
    assert.match(fields.stack ?? "", /^ {4}at .*error-fields\.test\.ts:\d+:\d+\)?$/m);
    const [first = ""] = (fields.stack ?? "").split("\n");
    assert.match(first, /error-fields\.test\.ts/);
  });

  it("says of what the system refused which call and why, through all causes", async () => {
    const server = createServer();
    const cause = await thrownBy(
      () => new Promise((_resolve, reject) => server.once("error", reject).listen(1, "203.0.113.1")),
    );
    const fields = errorFields(new Problem("database_unavailable", { cause }));
    assert.equal(fields.message, "The database is unavailable");
    assert.equal(fields.cause?.code, "EADDRNOTAVAIL");
    assert.equal(fields.cause?.message, "listen EADDRNOTAVAIL");
  });

  it("says of the driver's errors the code, and nothing of the statement", async () => {
    const db = await createDatabase();
    await db.connection.query("CREATE TABLE t (email VARCHAR(50) PRIMARY KEY)");
    const insert = () => db.connection.query("INSERT INTO t VALUES (?)", ["planted@example.com"]);
    await insert();
    const error = await thrownBy(insert);
    const text = JSON.stringify(errorFields(error));
    assert.doesNotMatch(text, /planted|INSERT/);
    assert.match(text, /"code":"ER_DUP_ENTRY","message":"ER_DUP_ENTRY"/);
    await db.drop();
    const refused = await thrownBy(() => createConnection({ ...connectionOptions(db.url), password: "planted" }));
    assert.doesNotMatch(JSON.stringify(errorFields(refused)), /planted/);
  });

  it("ends, whatever it is given: circles, long chains, long texts, properties that throw", () => {
    const circle = new Error("a");
    circle.cause = circle;
    let chain = new Error("end");
    for (let depth = 0; depth < 1000; depth++) chain = new Error("x".repeat(10_000), { cause: chain });
    const trap = Object.defineProperty(new Error("a"), "message", {
      get() {
        throw new Error("no");
      },
    });
    for (const error of [circle, chain, trap, null, undefined, 1n, Symbol("a"), () => {}, Object.create(null)]) {
      const fields: ErrorFields = errorFields(error);
      assert.ok(JSON.stringify(fields).length < 40_000);
      assert.equal(typeof fields.type, "string");
    }
  });
});
