import assert from "node:assert/strict";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArguments } from "../../../scripts/timeouts/command/arguments.ts";
import { UsageError } from "../../../scripts/timeouts/command/usage-error.ts";
import { checkAllowed } from "../../../scripts/timeouts/service/target.ts";

describe("the arguments of timeouts", () => {
  it("have defaults", () => {
    const { url, adminUrl, ...rest } = Object(readArguments([]));
    assert.deepEqual([url.href, adminUrl.href], ["http://127.0.0.1:8000/", "http://127.0.0.1:8000/"]);
    assert.deepEqual(rest, {
      perSecond: undefined,
      seconds: 30,
      timeoutMs: 5000,
      maxInFlight: 1000,
      headers: { "user-agent": "timeouts" },
      endpoints: [],
      json: false,
      html: undefined,
      allowRemote: false,
    });
  });

  it("are read with their units", () => {
    const given = readArguments(
      "--rate 12.5 --duration 2m --timeout 500ms --token t --api-key k --endpoint".split(" ").concat("POST /a?b=c"),
    );
    assert.ok(given !== "help");
    assert.deepEqual([given.perSecond, given.seconds, given.timeoutMs], [12.5, 120, 500]);
    assert.deepEqual(given.headers, { "user-agent": "timeouts", authorization: "Bearer t", "x-api-key": "k" });
    assert.deepEqual(given.endpoints, [{ name: "POST /a?b=c", method: "POST", path: "/a?b=c" }]);
    assert.equal(readArguments(["-h"]), "help");
  });

  const folder = mkdtempSync(join(tmpdir(), "timeouts-"));
  after(() => rmdirSync(folder));
  const wrong: [string[], RegExp][] = [
    [["--what"], /^Unknown option '--what'/],
    [["here"], /^Unexpected argument 'here'/],
    [["--rate"], /^Option '--rate <value>' argument missing/],
    [["--url", "8000"], /^--url: got "8000", takes an address/],
    [["--url", "ftp://127.0.0.1"], /^--url: got/],
    [["--url", "http://me:hidden@127.0.0.1"], /^--url: takes no credentials/],
    [["--admin-url", "9000"], /^--admin-url: got "9000", takes an address/],
    [["--rate", "0"], /^--rate: got "0", takes requests a second from 0.1 to 10000/],
    [["--rate", "fast"], /^--rate: got "fast"/],
    [["--duration", "1h"], /^--duration: got "1h", takes a time like 30s/],
    [["--duration", "100ms"], /^--duration: got "100ms"/],
    [["--timeout", "0"], /^--timeout: got "0"/],
    [["--max-in-flight", "many"], /^--max-in-flight: got "many"/],
    [["--endpoint", "/path"], /^--endpoint: got "\/path", takes a method and a path, like 'GET \/path'/],
    [["--token", "hidden hidden"], /^--token: takes printable characters/],
    [["--api-key", "hidden\nhidden"], /^--api-key: takes printable characters/],
    [["--html", join(folder, "none", "report.html")], /^--html: cannot write to the folder/],
    [["--html", folder], /^--html: takes the name of a file/],
  ];
  for (const [args, message] of wrong) {
    it(`are rejected with one line for ${args.join(" ").replace(folder, "").replace("\n", " ")}`, () => {
      assert.throws(
        () => readArguments(args),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /\n|hidden/);
          return true;
        },
      );
    });
  }

  it("allow only this machine without --allow-remote", () => {
    for (const here of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
      checkAllowed(new URL(`http://${here}:8000`), false);
    for (const there of ["127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "[::2]", "0.0.0.0"]) {
      assert.throws(() => checkAllowed(new URL(`http://${there}`), false), UsageError, there);
      checkAllowed(new URL(`http://${there}`), true);
    }
  });
});
