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

/** Returns what `work` throws. */
async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const attached = (error: Error, properties: object) => Object.assign(error, properties);

/** Ways for a value to get into an error: through Node, V8, libraries and our own code. */
const carriers: Record<string, (secret: string) => unknown> = {
  "an invalid URL": (secret) => new URL(secret),
  "malformed JSON": (secret) => JSON.parse(`${secret}}`),
  "a property set on a frozen object": (secret) =>
    Reflect.set(Object.freeze({ [secret]: 1 }), secret, 2) || frozen(secret),
  "a string instead of an object": (secret) => Reflect.apply(inString, undefined, [secret]),
  "an invalid map entry": (secret) => Reflect.construct(Map, [[secret]]),
  "an invalid locale": (secret) => new Intl.NumberFormat(`${secret}!`),
  "an invalid number": (secret) => BigInt(`x${secret}`),
  "a schema's error": (secret) => z.strictObject({ a: z.enum(["b"]) }).parse({ a: secret, [secret]: 1 }),
  "a message that looks like a stack": (secret) => {
    throw new Error(`first\n    at ${secret} (/a.ts:1:1)\n    at /${secret}.ts:1:1`);
  },
  "a message changed after the throw": (secret) => {
    const error = new TypeError(`one "${secret}"`);
    error.message = `two "${secret}"`;
    throw error;
  },
  "a URL in one of our messages": (secret) => {
    throw new Error(`GET https://hooks.example/${secret} failed`);
  },
  "properties attached by a library": (secret) => {
    throw attached(new Error("failed"), { input: secret, headers: { cookie: secret }, rawPacket: Buffer.from(secret) });
  },
  "a code, a name and a system call of several words": (secret) => {
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
  "a cause and its cause": (secret) => {
    throw new Problem("dependency_failed", { cause: new Error("x", { cause: attached(new Error("y"), { secret }) }) });
  },
  "an AggregateError": (secret) => {
    throw new AggregateError([attached(new Error(secret), { code: "EX", secret })], secret);
  },
  "a thrown object": (secret) => {
    throw { message: secret, secret };
  },
  "a thrown string": (secret) => {
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
    it(`leaks no value of ${name}`, async () => {
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

  it("shows what a bug was and where", async () => {
    const nothing: { name?: { first: string } } = {};
    const fields = errorFields(await thrownBy(() => Reflect.get(Object(nothing.name?.first), "x").length));
    assert.equal(fields.type, "TypeError");
    assert.equal(fields.message, "Cannot read properties of undefined (reading 'length')");
    assert.match(fields.stack ?? "", /^ {4}at .*error-fields\.test\.ts:\d+:\d+\)?$/m);
    const [first = ""] = (fields.stack ?? "").split("\n");
    assert.match(first, /error-fields\.test\.ts/);
  });

  it("shows the system call and code of a system error, through all causes", async () => {
    const server = createServer();
    const cause = await thrownBy(
      () => new Promise((_resolve, reject) => server.once("error", reject).listen(1, "203.0.113.1")),
    );
    const fields = errorFields(new Problem("database_unavailable", { cause }));
    assert.equal(fields.message, "The database is unavailable");
    assert.equal(fields.cause?.code, "EADDRNOTAVAIL");
    assert.equal(fields.cause?.message, "listen EADDRNOTAVAIL");
  });

  it("shows the code of a driver's error, but nothing of the statement", async () => {
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

  it("copes with cycles, long chains, long texts and throwing properties", () => {
    const cycle = new Error("a");
    cycle.cause = cycle;
    let chain = new Error("end");
    for (let depth = 0; depth < 1000; depth++) chain = new Error("x".repeat(10_000), { cause: chain });
    const trap = Object.defineProperty(new Error("a"), "message", {
      get() {
        throw new Error("no");
      },
    });
    for (const error of [cycle, chain, trap, null, undefined, 1n, Symbol("a"), () => {}, Object.create(null)]) {
      const fields: ErrorFields = errorFields(error);
      assert.ok(JSON.stringify(fields).length < 40_000);
      assert.equal(typeof fields.type, "string");
    }
  });
});
