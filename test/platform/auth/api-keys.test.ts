import assert from "node:assert/strict";
import fc from "fast-check";
import { apiKeyEntry, apiKeySubjects, parseApiKey } from "../../../src/platform/auth/api-keys.ts";

describe("API keys", () => {
  const entries = [
    apiKeyEntry("reporting", "key-one"),
    apiKeyEntry("import", "key-two"),
    apiKeyEntry("import", "key-3"),
  ];
  const subjectOfKey = apiKeySubjects(entries.map(parseApiKey));

  it("maps each key to its subject, and two keys with one name to the same", () => {
    assert.equal(subjectOfKey("key-one"), "key:reporting");
    assert.equal(subjectOfKey("key-two"), "key:import");
    assert.equal(subjectOfKey("key-3"), "key:import");
  });

  it("accepts no other key, not even a configured hash", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom(...entries, ...entries.map((entry) => entry.split(":")[1] ?? ""))),
        (key) => {
          fc.pre(!["key-one", "key-two", "key-3"].includes(key));
          assert.equal(subjectOfKey(key), undefined);
        },
      ),
    );
    assert.equal(apiKeySubjects([])(""), undefined);
  });

  it("refuses a malformed entry without repeating it", () => {
    for (const entry of [
      "",
      "reporting",
      "reporting:",
      "reporting:hunter2",
      `:${"a".repeat(64)}`,
      `a b:${"a".repeat(64)}`,
    ]) {
      assert.throws(
        () => parseApiKey(entry),
        (error: unknown) => error instanceof RangeError && !error.message.includes("hunter2"),
        entry,
      );
    }
  });
});
