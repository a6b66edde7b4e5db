// Holds README and docs to the code: links lead somewhere, names exist, and a test or CI runs each command that they show.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as conventions from "@opentelemetry/semantic-conventions";
import { metrics } from "../grafana/metrics.ts";
import packageJson from "../package.json" with { type: "json" };
import { root, startService } from "./support/helper.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const readAll = (...patterns: string[]) =>
  globSync(patterns, { cwd: root })
    .filter((path) => /\.\w+$/.test(path))
    .map(read)
    .join("\n");

const docs = globSync("docs/*.md", { cwd: root }).map((path) => path.replaceAll("\\", "/"));
const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "grafana/README.md", ...docs].map(
  (path) => {
    const text = read(path).replaceAll(/<!-- own: begin.*?own: end -->\n/gs, "");
    const fences = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = "", content = ""]) => ({
      language,
      content,
    }));
    const prose = text.replaceAll(/^```\w*\n.*?^```$/gms, "");
    const codes = [...prose.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
    return { path, text, fences, prose, codes };
  },
);

function page(path: string) {
  const found = pages.find((one) => one.path === path);
  assert.ok(found, `${path} is missing`);
  return found;
}

/** Calls `check` for each match of `pattern` in `text`, and fails if it never did. */
function eachMatch(text: string, pattern: RegExp, check: (...groups: string[]) => void): void {
  const matches = [...text.matchAll(pattern)];
  assert.ok(matches.length > 0, `nothing matches ${pattern}`);
  for (const [, ...groups] of matches) check(...groups);
}

/** How GitHub names a heading in an address. */
function anchorsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

const ci = ".github/workflows/ci.yml";
const here = "test/docs.test.ts";
// example: begin
const withExample = existsSync(join(root, "src/automations"));
/** Whether `text` needs the example domain, and that has been deleted. */
const needsDeleted = (text: string) => !withExample && /\bautomations\b/.test(text);
// example: end
const scenarios = "test/faults/scenarios.test.ts";
const timeouts = "test/scripts/timeouts/command.test.ts";
/** What runs each command: `place` contains `evidence`. A command that is new needs a test, and a line here. */
const proofs: { command: RegExp; place: string; evidence: string }[] = [
  { command: /^docker compose up$/, place: ci, evidence: "run: docker compose up --detach" },
  { command: /^npm run local$/, place: "test/scripts/run-local.ts", evidence: '["scripts/local.js"' },
  { command: /^npm test$/, place: ci, evidence: "run: npm test" },
  {
    command: /^curl .*http:\/\/127\.0\.0\.1:8000\//,
    place: here,
    evidence: "show curls that the service answers",
  },
  { command: /^grep -r\w+ '[^']+' [\w ]+$/, place: here, evidence: "show greps that find something" },
  // template: begin
  { command: /^npm run init -- order-service /, place: "test/init/command.test.ts", evidence: '"scripts/init.js"' },
  // template: end
  {
    command: /^npm run add -- domain orders$/,
    place: "test/scripts/add.test.ts",
    evidence: '"scripts/add.js", "domain"',
  },
  { command: /^npm run upgrade -- v\S+ --from URL$/, place: "scripts/upgrade.js", evidence: "TAG [--from URL|PATH]" },
  { command: /^npm run timeouts -- --url \S+$/, place: timeouts, evidence: 'timeouts("--url"' },
  { command: /^npm run timeouts -- --rate 50 --duration 2m --html \S+$/, place: timeouts, evidence: '"--html", file' },
  {
    command: /^npm run --silent timeouts -- --endpoint '[^']+' --api-key \S+ --json$/,
    place: "test/scripts/timeouts/arguments.test.ts",
    evidence: "--api-key k --endpoint",
  },
  { command: /^npm run scenario -- --help$/, place: scenarios, evidence: 'scenario("--help")' },
  { command: /^npm run scenario pool-exhaustion$/, place: scenarios, evidence: "scenario(name," },
  { command: /^npm run scenario slow-query -- --compare$/, place: scenarios, evidence: '"--compare")' },
  { command: /^npm run scenario slow-auth -- --url \S+$/, place: scenarios, evidence: '["--url", service.url' },
  {
    command: /^npm run api-key NAME$/,
    place: "test/scripts/token.test.ts",
    evidence: 'run("api-key.ts"',
  },
  { command: /^npm run dashboards$/, place: ci, evidence: "run: npm run check:dashboards" },
  // example: begin
  { command: /^TRAFFIC=off docker compose up$/, place: ci, evidence: "TRAFFIC=off docker compose up" },
  // example: end
  { command: /^npm run screenshots$/, place: ci, evidence: "npm run screenshots\n" },
  { command: /^promtool test rules /, place: "test/stack/rules.test.ts", evidence: 'promtool(["test", "rules"' },
];
const commands = pages.flatMap(({ path, fences }) =>
  fences
    .filter(({ language }) => language === "sh")
    .flatMap(({ content }) => content.split("\n"))
    .map((line) => line.replace(/(^|\s+)#.*$/, ""))
    .filter((command) => command !== "")
    .map((command) => ({ path, command })),
);

describe("README and docs", () => {
  it("are short: 130 lines, and 100 a page", () => {
    for (const { path, text } of pages) {
      const lines = text.trimEnd().split("\n").length;
      assert.ok(lines <= (path === "README.md" ? 130 : 100), `${path} has ${lines} lines`);
    }
  });

  it("lead to each page from the README or the architecture", () => {
    const known = page("README.md").text + page("docs/architecture.md").text.replaceAll("](", "](docs/");
    for (const path of docs) assert.ok(known.includes(`](${path}`), `nothing leads to ${path}`);
  });

  it("open the architecture with an exercise whose answers hold", () => {
    const [, answers = ""] = /^Answers: (.*?)\n\n/ms.exec(page("docs/architecture.md").text) ?? [];
    const files = [...answers.matchAll(/\]\(\.\.\/(src\/[^)]+)\)/g)].map(([, file = ""]) => read(file));
    const [queue = "", span = "", list = ""] = files;
    assert.match(queue, /new Problem\("queue_timeout"\)/);
    assert.match(span, /span\.updateName\(/);
    assert.match(list, /export const domains/);
    assert.equal(files.length, 3);
  });

  it("have a question as the title of each page", () => {
    for (const path of docs) assert.match(page(path).text, /^# .*\?\n/, path);
  });

  it("link to files and headings that exist", () => {
    for (const { path, prose } of pages) {
      for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        const [file = "", anchor] = target.split("#");
        const linked = file === "" ? path : join(dirname(path), file);
        if (needsDeleted(linked)) continue; // example
        assert.ok(existsSync(join(root, linked)), `${path} links to ${target}`);
        if (anchor !== undefined) assert.ok(anchorsOf(linked).includes(anchor), `${path} links to ${target}`);
      }
    }
  });

  it("show pictures that exist, load quickly, and say in words what they show", () => {
    const pictures = pages.flatMap(({ path, prose }) =>
      [...prose.matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, alt = "", file = ""]) => ({ path, alt, file })),
    );
    assert.ok(pictures.length > 0);
    for (const { path, alt, file } of pictures) {
      const picture = readFileSync(join(root, dirname(path), file));
      assert.equal(picture.subarray(1, 4).toString(), "PNG", file);
      assert.ok(picture.length < 200_000, `${file} has ${picture.length} bytes`);
      assert.ok(alt.length >= 80, `${path} says too little about ${file}: "${alt}"`);
    }
    const used = pictures.map(({ path, file }) => join(dirname(path), file));
    assert.deepEqual(used.toSorted(), globSync("docs/pictures/*", { cwd: root }).toSorted());
  });

  it("open the README with two pictures, each with a caption", () => {
    const [opening = ""] = page("README.md").text.split(/^## /m);
    assert.equal([...opening.matchAll(/^!\[[^\]]*\]\([^)]*\)\n\n\*[^*]{80,}\*$/gm)].length, 2);
  });

  it("keep their pictures out of the image: .dockerignore lets in only what the service needs", () => {
    const [all, ...exceptions] = read(".dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    assert.equal(all, "*");
    for (const exception of exceptions) assert.doesNotMatch(exception, /^!(?:docs|grafana|\*)/);
  });

  it("name variables that something reads", () => {
    const readers = readAll(
      "src/config/environment.ts",
      "src/*/settings.ts",
      ".env.example",
      "docker-compose.yml",
      "scripts/**/*.[jt]s",
      "test/support/setup.ts",
    );
    for (const { path, fences, codes } of pages) {
      const code = [...codes, ...fences.map(({ content }) => content)].join("\n");
      for (const [name] of code.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b[A-Z]{3,}(?==)/g)) {
        if (!name.startsWith("OTEL_")) assert.match(readers, new RegExp(`\\b${name}\\b`), `${path} names ${name}`);
      }
    }
  });

  it("say the defaults that .env.example has", () => {
    const example = read(".env.example");
    const text = pages.map(({ prose }) => prose).join("\n");
    eachMatch(text, /`([A-Z][A-Z_]+)` \((\d+)\)/g, (name, value) => {
      assert.ok(example.includes(`\n# ${name}=${value}\n`), `${name} (${value})`);
    });
  });

  it("name metrics and attributes that are in the source, and each metric of the dashboards", () => {
    const source = readAll("src/**/*.ts", "grafana/metrics.ts");
    const ofConventions = new Set<unknown>(
      Object.entries(conventions)
        .filter(([constant]) => new RegExp(`\\b${constant}\\b`).test(source))
        .map(([, name]) => name),
    );
    const named = ["docs/telemetry.md", "docs/protection.md"].flatMap((path) =>
      page(path).codes.filter((code) => /^[a-z]\w*(?:\.\w+)*\.(?:\w+|\*)$/.test(code) && !/\.(?:ts|ya?ml)$/.test(code)),
    );
    assert.ok(named.length > 20);
    for (const name of named) {
      const start = name.replace(/\*$/, "").replaceAll(".", "\\.");
      const literal = new RegExp(`["'\`]${start}${name.endsWith("*") ? "" : "[\"'`]"}`);
      assert.ok(ofConventions.has(name) || literal.test(source), name);
    }
    const documented = page("docs/telemetry.md").codes;
    for (const metric of Object.values(metrics)) {
      // Those are the collector's, and those that Prometheus computes.
      if ("scraped" in metric || "recorded" in metric || metric.name.startsWith("traces.")) continue;
      const isDocumented = documented.some((code) =>
        code.endsWith(".*") ? metric.name.startsWith(code.slice(0, -1)) : code === metric.name,
      );
      assert.ok(isDocumented, `${metric.name} is not in docs/telemetry.md`);
    }
  });

  it("name problem types that exist, with their status, and explain all of them", () => {
    const kinds = new Map<string, string>();
    eachMatch(read("src/platform/request/problem.ts"), /^ {2}(\w+): \{ status: (\d+)/gm, (type = "", status = "") => {
      kinds.set(type, status);
    });
    const all = pages.map(({ prose }) => prose).join("\n");
    eachMatch(all, /\b([45]\d\d)\s+((?:`[a-z_]+`(?:,\s+|\s+or\s+|\s+and\s+)?)+)/g, (status, types = "") => {
      for (const [, type = ""] of types.matchAll(/`(\w+)`/g)) assert.equal(kinds.get(type), status, type);
    });
    const explained = new Map<string, string>();
    eachMatch(page("docs/api.md").prose, /^\| `(\w+)` \| (\d{3}) \|/gm, (type = "", status = "") => {
      explained.set(type, status);
    });
    assert.deepEqual(explained, kinds);
  });

  it("draw the way of a request in the order of src/app.ts", () => {
    const [diagram = ""] = page("docs/architecture.md")
      .fences.filter(({ language }) => language === "mermaid")
      .map(({ content }) => content);
    let last = -1;
    eachMatch(read("src/app.ts"), /\bapp\.use\((\w+(?:\.middleware)?)\b/g, (name = "") => {
      // Health and metrics, in a loop.
      if (name === "middleware") return;
      const at = diagram.search(new RegExp(`\\["${name.replace(".", "\\.")}\\b`));
      assert.ok(at > last, `${name} is not in its place`);
      last = at;
    });
  });

  it("name scripts that package.json has, and all of those", () => {
    const text = pages.map((one) => one.text).join("\n");
    const scripts = Object.keys(packageJson.scripts);
    const named = [...text.matchAll(/npm (?:run (?:--silent )?([\w:-]+)|(start|test)\b)/g)].map(
      ([, run, own = ""]) => run ?? own,
    );
    for (const script of named) assert.ok(scripts.includes(script), `npm run ${script}`);
    for (const script of scripts) assert.ok(named.includes(script), `${script} is not explained`);
  });

  it("show commands that a test or CI runs", () => {
    for (const { path, command } of commands) {
      assert.ok(
        proofs.some((proof) => proof.command.test(command)),
        `${path}: nothing in ${here} says what runs "${command}"`,
      );
    }
    for (const { command, place, evidence } of proofs) {
      if (needsDeleted(place)) continue; // example
      assert.ok(read(place).includes(evidence), `${place} does not have ${evidence}`);
      assert.ok(
        commands.some((one) => command.test(one.command)),
        `no page shows ${command}`,
      );
    }
  });

  it("show greps that find something", () => {
    for (const { command } of commands.filter((one) => one.command.startsWith("grep "))) {
      if (needsDeleted(command)) continue; // example
      assert.notEqual(execFileSync("sh", ["-c", command], { cwd: root, encoding: "utf8" }), "", command);
    }
  });

  it("show curls that the service answers", async () => {
    const env: Record<string, string> = {};
    // example: begin
    env.SEED_AUTOMATIONS = "1";
    // example: end
    const service = await startService({ env });
    // What npm run init shows is true only afterwards.
    const ofTemplate = /<!-- template: begin -->.*?<!-- template: end -->/gs;
    const curls = pages.flatMap(({ text }) => text.replaceAll(ofTemplate, "").match(/^curl .*$/gm) ?? []);
    try {
      assert.ok(curls.length > 0);
      for (const curl of curls) {
        const [, name = "x-none", value = "", path = ""] =
          /^curl (?:-H '([\w-]+): ([^']+)' )?'?http:\/\/127\.0\.0\.1:8000([^']+)'?$/.exec(curl) ?? [];
        assert.ok(path.startsWith("/"), curl);
        const answer = await fetch(service.url + path, { headers: { [name]: value } });
        assert.equal(answer.status, 200, curl);
      }
    } finally {
      await service.stop();
    }
  });
});
