// The fast part: what init makes of the project's files. full.ts runs what comes out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Answers, refusalOf } from "../../scripts/init/answers.js";
import { cutBlocks } from "../../scripts/init/blocks.js";
import { transform } from "../../scripts/init/transform.js";
import { projectFiles } from "../../scripts/scaffold/project-files.js";
import { root } from "../support/helper.ts";
import { cases } from "./cases.ts";

const files = new Map(
  projectFiles(root)
    .filter((path) => !path.endsWith(".png"))
    .map((path) => [path, readFileSync(join(root, path), "utf8")]),
);

/** Lines of `result` that match, with their files. */
function linesWith(result: ReadonlyMap<string, string>, pattern: RegExp): string[] {
  return [...result].flatMap(([path, text]) =>
    text.split("\n").flatMap((line) => (pattern.test(line) ? [`${path}: ${line.trim()}`] : [])),
  );
}

describe("npm run init", () => {
  for (const answers of cases) {
    describe(`for ${answers.name} ${answers.domain === "" ? "with the example" : `and ${answers.domain}`}`, () => {
      const result = transform(files, answers);

      it("leaves no line that names the template or has a mark of its blocks", () => {
        assert.deepEqual(linesWith(result, /koa.?service.?template/i), []);
        assert.deepEqual(linesWith(result, /^\s*(?:#|\/\/|<!--) (?:example|template|own)(?:$|: (?:begin|end))/), []);
      });

      it("leaves only valid JSON and YAML", () => {
        for (const [path, text] of result) {
          if (/\.json$/.test(path) && !/^(?:tsconfig|biome|\.devcontainer\/)/.test(path)) JSON.parse(text);
          if (/\.ya?ml$/.test(path)) parse(text, { merge: true });
        }
      });

      it("names the service where it is named", () => {
        const { services } = parse(result.get("docker-compose.yml") ?? "", { merge: true });
        assert.equal(services.app.image, `${answers.name}:local`);
        assert.equal(services.app.environment.OTEL_SERVICE_NAME, answers.name);
        assert.match(services.app.environment.MYSQL_URL, new RegExp(`/${answers.database}$`));
        assert.equal(services.mysql.environment.MYSQL_DATABASE, answers.database);
        assert.deepEqual(services.app.ports, [`127.0.0.1:\${APP_PORT:-${answers.port}}:${answers.port}`]);
        const { name, version, packages } = JSON.parse(result.get("package-lock.json") ?? "");
        assert.deepEqual(
          [name, version, packages[""].name, packages[""].version],
          [answers.name, "0.1.0", answers.name, "0.1.0"],
        );
        assert.match(result.get("LICENSE") ?? "", new RegExp(`^Copyright \\(c\\) \\d+ ${answers.holder}$`, "m"));
        assert.match(
          result.get("grafana/provisioning/dashboards/dashboards.yaml") ?? "",
          new RegExp(`folderUid: ${answers.name}`),
        );
      });

      it("records the answers, and removes itself", () => {
        assert.deepEqual(JSON.parse(result.get(".template.json") ?? "").answers, answers);
        assert.deepEqual(
          [...result.keys()].filter((path) => /\binit\b|^\.ci\//.test(path)),
          [],
        );
        assert.equal("init" in JSON.parse(result.get("package.json") ?? "").scripts, false);
      });

      if (answers.domain === "")
        it("keeps the example as it is", () => {
          const path = "src/automations/routes.ts";
          assert.equal(result.get(path), files.get(path));
        });
      else
        it("leaves no line that names the example, and one domain", () => {
          assert.deepEqual(linesWith(result, /automation|marketplace|webhook/i), []);
          const domains = [...result.keys()].filter(
            (path) => /^src\/[^/]+\/domain\.ts$/.test(path) && !path.includes("platform"),
          );
          assert.deepEqual(domains, [`src/${answers.domain}/domain.ts`]);
        });
    });
  }
});

describe("the answers of init", () => {
  const good: Answers = {
    name: "shop",
    domain: "orders",
    database: "shop",
    port: 8000,
    holder: "Me",
    date: "2026-12-01",
  };
  const project = { exists: (path: string) => path === "src/platform", packages: ["koa"] };

  it("may be any sensible ones", () => {
    for (const answers of [good, ...cases]) assert.equal(refusalOf(answers, project), undefined, answers.name);
  });

  for (const [change, reason] of [
    [{ name: "" }, /is not a name/],
    [{ name: "My Shop" }, /is not a name/],
    [{ name: "@me/shop" }, /is not a name/],
    [{ name: "koa" }, /package/],
    [{ name: "koa-service-template" }, /package/],
    [{ domain: "platform" }, /^--domain: src\/platform exists/],
    [{ domain: "class" }, /^--domain: .*reserved/],
    [{ database: "my-db" }, /^--database/],
    [{ database: "mysql" }, /^--database/],
    [{ port: 80 }, /^--port/],
    [{ port: Number.NaN }, /^--port/],
    [{ port: 3000 }, /^--port: 3000 is the port of another part/],
    [{ holder: "" }, /^--holder/],
    [{ holder: "two\nlines" }, /^--holder/],
    [{ date: "tomorrow" }, /^--date/],
  ] as const) {
    it(`are refused in one line: ${JSON.stringify(change)}`, () => {
      const refusal = refusalOf({ ...good, ...change }, project) ?? "";
      assert.match(refusal, reason);
      assert.doesNotMatch(refusal, /\n/);
    });
  }
});

describe("marked blocks", () => {
  it("are cut without leaving marks or empty lines", () => {
    const text =
      "# example: begin\na\n# example: end\n\nb\n\n// example: begin\nc\n// example: end\n\nd # example\ne\n";
    assert.equal(cutBlocks(text, false), "b\n\ne\n");
    assert.equal(cutBlocks(text, true), "a\n\nb\n\nc\n\nd\ne\n");
  });

  it("of the template go in any case", () => {
    assert.equal(
      cutBlocks("a\n<!-- template: begin -->\nb\n<!-- template: end -->\n| c | <!-- template -->\nd\n", true),
      "a\nd\n",
    );
  });

  it("of the service show up when the example goes", () => {
    const text = "a\n<!-- own: begin\nb\nown: end -->\nc\n";
    assert.equal(cutBlocks(text, false), "a\nb\nc\n");
    assert.equal(cutBlocks(text, true), "a\nc\n");
    const code = "a();\n  // own: begin\n  // b();\n  // c();\n  // own: end\nd();\n";
    assert.equal(cutBlocks(code, false), "a();\n  b();\n  c();\nd();\n");
    assert.equal(cutBlocks(code, true), "a();\nd();\n");
  });

  for (const text of ["# example: begin\na\n", "# example: end\n", "# example: begin\n# template: end\n"]) {
    it(`must have both ends: ${JSON.stringify(text)}`, () => {
      assert.throws(() => cutBlocks(text, false), /unexpected line|has no end/);
    });
  }
});
