import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { withDomain, withoutDomain } from "../../scripts/scaffold/domain-files.js";
import { migrationFile } from "../../scripts/scaffold/migration-file.js";
import { namesOf, refusalOfDomain } from "../../scripts/scaffold/names.js";
import { copyProject, type ProjectCopy } from "./project-copy.ts";

/** Short, as long as possible, a word of SQL. */
const names = ["items2", "order-items-of-a-rather-long-name-456789", "group"];

describe("npm run add -- domain", () => {
  let copy: ProjectCopy;
  before(async () => {
    copy = await copyProject();
    for (const name of names) {
      const { code, output } = await copy.node("scripts/add.js", "domain", name);
      assert.equal(code, 0, output);
    }
  });
  after(() => copy.remove());

  it("writes domains in the project's format, without type errors", async () => {
    const folders = names.flatMap((name) => [`src/${name}`, `test/${name}`]);
    const biome = ["ci", "--vcs-enabled=false", "--error-on-warnings", "src/domains.ts", ...folders];
    const style = await copy.node("node_modules/@biomejs/biome/bin/biome", ...biome);
    assert.equal(style.code, 0, style.output);
    const types = await copy.node("node_modules/typescript/bin/tsc", "--noEmit");
    const ofDomains = types.output.split("\n").filter((line) => folders.some((folder) => line.startsWith(folder)));
    assert.deepEqual(ofDomains, []);
  });

  it("writes tests that pass", async () => {
    const files = names.map((name) => `test/${name}/routes.test.ts`);
    const { code, output } = await copy.node(
      ...[
        "node_modules/mocha/bin/mocha.js",
        "--no-config",
        "--require=test/support/setup.ts",
        "--timeout=30000",
        "--exit",
        ...files,
      ],
    );
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`${4 * names.length} passing`));
  });

  it("refuses bad, reserved and used names in one line, and writes nothing then", async () => {
    const before = await readFile(`${copy.folder}/src/domains.ts`, "utf8");
    for (const args of [
      [],
      ["route", "a"],
      ["domain"],
      ["domain", "a", "b"],
      ["domain", "Orders"],
      ["domain", "group"],
    ]) {
      const { code, output } = await copy.node("scripts/add.js", ...args);
      assert.equal(code, 1, args.join(" "));
      assert.equal(output.trimEnd().split("\n").length, 1, output);
    }
    assert.equal(await readFile(`${copy.folder}/src/domains.ts`, "utf8"), before);
  });
});

describe("names of domains", () => {
  for (const [name, reason] of [
    ["", /is not a name/],
    ["-a", /is not a name/],
    ["a--b", /is not a name/],
    ["a_b", /is not a name/],
    ["1a", /is not a name/],
    ["ä", /is not a name/],
    ["../a", /is not a name/],
    ["a".repeat(41), /is not a name/],
    ["new", /reserved word/],
    ["process", /reserved word/],
    ["migrations", /table of the platform/],
    ["platform", /src\/platform exists already/],
    ["main", /src\/main\.ts exists already/],
    ["support", /test\/support exists already/],
  ] as const) {
    it(`cannot be "${name}"`, () => {
      const exists = (path: string) => ["src/platform", "src/main.ts", "test/support"].includes(path);
      assert.match(refusalOfDomain(name, exists) ?? "", reason);
    });
  }

  it("have a form for each place", () => {
    assert.equal(
      refusalOfDomain("order-items2", () => false),
      undefined,
    );
    assert.deepEqual(namesOf("order-items2"), {
      path: "order-items2",
      code: "orderItems2",
      type: "OrderItems2",
      table: "order_items2",
      words: "order items2",
    });
  });
});

describe("the list of domains", () => {
  const empty = `// Comment.
import type { Domain } from "./platform/domain.ts";

export const domains: readonly Domain[] = [];
`;

  it("gains and loses domains, whatever their number", () => {
    const long = ["zebras", "a".repeat(40), "b".repeat(40)].reduce(withDomain, empty);
    assert.match(long, /= \[\n {2}zebras,\n {2}a+,\n {2}b+,\n\];\n$/);
    assert.match(long, /^\/\/ Comment\.\nimport \{ a+ \} .*\nimport \{ b+ \} .*\nimport type .*\nimport \{ zebras \}/);
    assert.equal(["b".repeat(40), "zebras", "a".repeat(40)].reduce(withoutDomain, long), empty);
  });

  it("says what is missing when it was rewritten", () => {
    assert.throws(() => withDomain("export const domains = [];", "a"), /src\/domains\.ts has no line/);
  });
});

describe("the file of a new migration", () => {
  it("is numbered behind those of its day", () => {
    assert.equal(migrationFile("add-price", "2026-12-01", []), "2026-12-01-01-add-price.ts");
    const files = ["2026-11-30-07-a.ts", "2026-12-01-02-b.ts", "2026-12-01-09-c.ts", "2026-12-01-odd.ts"];
    assert.equal(migrationFile("d", "2026-12-01", files), "2026-12-01-10-d.ts");
  });
});
