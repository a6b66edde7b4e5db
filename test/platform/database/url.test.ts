import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDatabaseUrl } from "../../../src/platform/database/url.ts";

const base = "mysql://user:hunter2@db.example.com:3307/shop";

describe("parseDatabaseUrl", () => {
  it("reads and decodes every part of the address", () => {
    assert.deepEqual(parseDatabaseUrl("mysql://us%40er:p%2Fw@[::1]:3307/my%20db"), {
      host: "::1",
      port: 3307,
      user: "us@er",
      password: "p/w",
      database: "my db",
    });
    assert.equal(parseDatabaseUrl("mysql://root@db/shop").port, 3306);
  });

  it("accepts any characters in a password", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (password) => {
        const url = `mysql://user:${encodeURIComponent(password)}@db/shop`;
        assert.equal(parseDatabaseUrl(url).password, password);
      }),
    );
  });

  const tls = { rejectUnauthorized: false, verifyIdentity: false };
  for (const [query, ssl] of [
    ["", undefined],
    ["?ssl-mode=DISABLED", undefined],
    ["?ssl-mode=REQUIRED", tls],
    ["?ssl-mode=required", tls],
    ["?ssl-mode=VERIFY_CA", { ...tls, rejectUnauthorized: true }],
    ["?ssl-mode=VERIFY_IDENTITY", { rejectUnauthorized: true, verifyIdentity: true }],
    [`?ssl-mode=VERIFY_CA&ssl-ca=${import.meta.filename}`, { ...tls, rejectUnauthorized: true }],
  ] as const) {
    it(`reads ${JSON.stringify(query.replace(import.meta.dirname, "…"))} as the MySQL clients do`, () => {
      const { ca, ...rest } = parseDatabaseUrl(base + query).ssl ?? {};
      assert.deepEqual(ssl === undefined ? parseDatabaseUrl(base + query).ssl : rest, ssl);
      assert.equal(ca?.includes("parseDatabaseUrl"), query.includes("ssl-ca") ? true : undefined);
    });
  }

  it("accepts a socket instead of a host", () => {
    assert.equal(
      parseDatabaseUrl("mysql://u:p@localhost/shop?socketPath=%2Frun%2Fmysqld.sock").socketPath,
      "/run/mysqld.sock",
    );
  });

  const refused: Record<string, RegExp> = {
    "mysql://u:hunter2%zz@db/shop": /^the password has a % that must be written as %25$/,
    "mysql://u%zz:hunter2@db/shop": /^the user's name has a %/,
    "mysql://u:hunter2@db/%zz": /^the database's name has a %/,
    "mysql://u:hun/ter2@db/shop": /not a valid URL/,
    "mysql://u:12/hunter2@db/shop": /must be written as %2F/,
    "mysql://u:12/hunter2@db": /must be percent-encoded/,
    "mysql://u:1?hunter2=x@db/shop": /names no database/,
    "mysql://u:1/a?hunter2=x@db/shop": /must be written as %3F/,
    "mysql://u:hunter2@db/shop#x": /a # must be written as %23/,
    "mysql://u:hun\tter2@db/shop": /not a valid URL/,
    "mysql://u:hunter2@db/": /names no database/,
    "mysql://u:hunter2@/shop": /not a valid URL|names no host/,
    "mysql://u:hunter2@d%20b/shop": /host contains a character/,
    "postgres://u:hunter2@db/shop": /does not start with mysql:\/\//,
    [`${base}?ssl=true`]: /its parameter "ssl" is unknown: use ssl-mode, ssl-ca, ssl-cert, ssl-key, socketPath/,
    [`${base}?SSL-MODE=REQUIRED`]: /"SSL-MODE" is unknown/,
    [`${base}?ssl-mode=PREFERRED`]: /PREFERRED may silently not encrypt/,
    [`${base}?ssl-mode=hunter2`]: /^ssl-mode is unknown: use DISABLED, REQUIRED/,
    [`${base}?ssl-mode=`]: /ssl-mode is empty/,
    [`${base}?ssl-mode=REQUIRED&ssl-mode=DISABLED`]: /set twice/,
    [`${base}?ssl-ca=/x`]: /need an ssl-mode/,
    [`${base}?ssl-mode=REQUIRED&ssl-ca=/x`]: /ignores ssl-ca/,
    [`${base}?ssl-mode=VERIFY_CA&ssl-ca=/does/not/exist`]: /ssl-ca names a file that cannot be read/,
    [`${base}?ssl-mode=VERIFY_CA&ssl-cert=/x`]: /go together/,
    [`${base}?ssl-mode=REQUIRED&socketPath=/x`]: /socketPath takes no ssl-mode/,
    "mysql://u:hunter2@10.0.0.1/shop?ssl-mode=VERIFY_IDENTITY": /needs a host name/,
  };
  for (const [url, why] of Object.entries(refused)) {
    it(`rejects ${JSON.stringify(url)} without showing the password`, () => {
      assert.throws(
        () => parseDatabaseUrl(url),
        (error) => {
          assert.ok(error instanceof RangeError);
          assert.match(error.message, why);
          assert.doesNotMatch(error.message, /hunter2|ter2/);
          return true;
        },
      );
    });
  }

  it("always encrypts when the URL has parameters, except for ssl-mode=DISABLED and socketPath", () => {
    const name = fc.oneof(
      fc.constantFrom("ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "ssl", "tls", "sslmode"),
      fc.string(),
    );
    const value = fc.oneof(
      fc.constantFrom("REQUIRED", "verify_ca", "PREFERRED", "true", "1", import.meta.filename),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 4 }), (parts) => {
        fc.pre(!parts.some(([part, given]) => part === "ssl-mode" && given.toUpperCase() === "DISABLED"));
        fc.pre(!parts.some(([part]) => part === "socketPath"));
        let parsed: ReturnType<typeof parseDatabaseUrl>;
        try {
          parsed = parseDatabaseUrl(`${base}?${new URLSearchParams(parts)}`);
        } catch (error) {
          assert.ok(error instanceof RangeError);
          return;
        }
        assert.notEqual(parsed.ssl, undefined);
      }),
    );
  });

  it("rejects a parameter after the wrong separator, which would otherwise mean an unencrypted connection", () => {
    for (const separator of ["&", ";", ","]) {
      const url = `mysql://user:x@host/service${separator}ssl-mode=REQUIRED`;
      assert.throws(() => parseDatabaseUrl(url), RangeError, separator);
    }
  });
});
