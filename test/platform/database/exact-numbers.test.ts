import assert from "node:assert/strict";
import fc from "fast-check";
import { Database } from "../../../src/platform/database/database.ts";
import { exactNumber } from "../../../src/platform/database/exact-numbers.ts";
import { createDatabase, silent } from "../../support/helper.ts";

const options = { limit: 1, maxIdle: 1, recycleMs: 60_000, waitMs: 1000, queryTimeoutMs: 1000, slowQueryMs: 1000 };

describe("exactNumber", () => {
  for (const [text, value] of [
    ["12.50", 12.5],
    ["-0.10", -0.1],
    ["0.0000000000000000000012300", 1.23e-21],
    ["999999999999999", 999_999_999_999_999],
    ["00000000000000000000.50", 0.5],
    ["1000000000000000000000000.0", "1000000000000000000000000.0"],
    ["12345678901234567.8901", "12345678901234567.8901"],
    ["-1000000000000000.001", "-1000000000000000.001"],
  ] as const) {
    it(`reads ${text} as ${JSON.stringify(value)}`, () => assert.equal(exactNumber(text), value));
  }

  it("never loses a digit", () => {
    const digits = (maxLength: number) =>
      fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength });
    fc.assert(
      fc.property(fc.constantFrom("", "-"), digits(25), digits(10), (sign, whole, fraction) => {
        const text = `${sign}${whole}.${fraction}`;
        const read = exactNumber(text);
        if (typeof read === "string") return assert.equal(read, text);
        // In units of the last digit. A double holds 15 digits.
        const [mantissa = "", exponent = ""] = Math.abs(read).toExponential(14).split("e");
        const shift = Number(exponent) - 14 + fraction.length;
        const digits = BigInt(mantissa.replace(".", ""));
        const units = BigInt(whole + fraction);
        if (shift >= 0) assert.equal(digits * 10n ** BigInt(shift), units);
        else assert.equal(digits, units * 10n ** BigInt(-shift));
      }),
    );
  });
});

describe("a DECIMAL column", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  before(async () => {
    db = await createDatabase();
    await db.connection.query("CREATE TABLE amounts (id INT PRIMARY KEY, amount DECIMAL(30, 4), rate DECIMAL(3, 2))");
    await db.connection.query("INSERT INTO amounts VALUES (1, '12345678901234567.8901', 0.5), (2, 12.5, NULL)");
  });
  after(() => db.drop());
  const sql = "SELECT amount, rate FROM amounts ORDER BY id";
  const expected = [
    { amount: "12345678901234567.8901", rate: 0.5 },
    { amount: 12.5, rate: null },
  ];

  it("is exact, and a number where possible", async () => {
    const database = new Database({ url: db.url, ...options }, silent);
    const rows = await database.query("amounts", sql);
    await database.close();
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      expected,
    );
  });

  it("is exact in each result of a procedure", async () => {
    await db.connection.query(
      "CREATE PROCEDURE read_amounts() BEGIN SELECT amount FROM amounts ORDER BY id; SELECT rate FROM amounts WHERE id = 1; END",
    );
    const database = new Database({ url: db.url, ...options }, silent);
    const [amounts, rates] = await database.query("procedure", "CALL read_amounts()");
    await database.close();
    assert.deepEqual(JSON.parse(JSON.stringify([amounts, rates])), [
      expected.map(({ amount }) => ({ amount })),
      [{ rate: 0.5 }],
    ]);
  });

  it("reads the same in a migration", async () => {
    const [rows] = await db.connection.query(sql);
    assert.ok(Array.isArray(rows));
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      expected,
    );
  });
});
