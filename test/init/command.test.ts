// What a user does with init and upgrade, in copies of the project.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { copyProject, type ProjectCopy } from "../scripts/project-copy.ts";

const read = (copy: ProjectCopy, path: string) => readFile(`${copy.folder}/${path}`, "utf8");
const write = (copy: ProjectCopy, path: string, text: string) => writeFile(`${copy.folder}/${path}`, text);

async function edit(copy: ProjectCopy, path: string, from: string, to: string): Promise<void> {
  const text = await read(copy, path);
  assert.ok(text.includes(from), `${path} does not have ${from}`);
  await write(
    copy,
    path,
    text.replace(from, () => to),
  );
}

async function commitAll(copy: ProjectCopy, message: string): Promise<void> {
  if (!existsSync(`${copy.folder}/.git`)) await copy.git("init", "--quiet", "--initial-branch=main");
  await copy.git("add", "--all");
  const { code, output } = await copy.git("commit", "--quiet", "--message", message);
  assert.equal(code, 0, output);
}

describe("npm run init, as a command", function () {
  this.timeout(60_000);
  let copy: ProjectCopy;
  beforeEach(async () => {
    copy = await copyProject();
  });
  afterEach(() => copy.remove());
  const init = (...args: string[]) => copy.node("scripts/init.js", ...args);

  it("works in a clone, keeps its history, and does not commit", async () => {
    await commitAll(copy, "the template");
    const { code, output } = await init("shop", "--yes");
    assert.equal(code, 0, output);
    assert.match(output, /^removed +src\/automations\/ \(\d+ files\)$/m);
    assert.match(output, /^wrote +src\/orders\/ \(\d+ files\)$/m);
    assert.match(
      output,
      /^This is shop now: \d+ files removed, \d+ written, \d+ changed\. Review them with git diff, then commit\.$/m,
    );
    assert.match((await copy.git("log", "--format=%s")).output, /^the template$/m);
    assert.notEqual((await copy.git("status", "--porcelain")).output, "");
    assert.equal(existsSync(`${copy.folder}/src/automations`), false);
    assert.match(await read(copy, "LICENSE"), /The shop authors/);
  });

  it("works in a copy without git", async () => {
    const { code, output } = await init("shop", "--keep-example", "--holder", "Me", "--yes");
    assert.equal(code, 0, output);
    assert.equal(existsSync(`${copy.folder}/src/automations/domain.ts`), true);
    assert.match(await read(copy, "LICENSE"), / Me$/m);
  });

  it("refuses a second run, and a folder with changes", async () => {
    await commitAll(copy, "the template");
    await write(copy, "new.txt", "mine");
    const dirty = await init("shop", "--yes");
    assert.deepEqual([dirty.code, dirty.output.split("\n").length], [1, 2]);
    assert.match(dirty.output, /uncommitted changes/);
    await commitAll(copy, "my file");
    assert.equal((await init("shop", "--yes")).code, 0);
    await copy.git("checkout", "--quiet", "HEAD", "--", "scripts", "package.json");
    const second = await init("shop", "--yes");
    assert.equal(second.code, 1);
    assert.match(second.output, /^init has run here already: see \.template\.json\n$/);
  });

  for (const args of [
    ["Shop"],
    ["shop", "--domain", "class"],
    ["shop", "--domain", "platform"],
    ["shop", "--port", "x"],
    ["shop", "--keep-example", "--domain", "orders"],
  ]) {
    it(`refuses "${args.join(" ")}" in one line and writes nothing`, async () => {
      const { code, output } = await init(...args, "--yes");
      assert.equal(code, 1);
      assert.equal(output.trimEnd().split("\n").length, 1, output);
      assert.equal(existsSync(`${copy.folder}/.template.json`), false);
    });
  }

  for (const args of [[], ["--yes"], ["a", "b"], ["shop", "--colour"]]) {
    it(`shows its usage for "${args.join(" ")}"`, async () => {
      const { code, output } = await init(...args);
      assert.equal(code, 1);
      assert.match(output, /^usage: npm run init -- NAME/m);
    });
  }
});

describe("npm run upgrade", function () {
  this.timeout(60_000);
  let template: ProjectCopy;
  let service: ProjectCopy;
  const nextVersion = "99.1.0";
  const query = "src/platform/database/errors.ts";
  before(async () => {
    template = await copyProject();
    await commitAll(template, "first");
    const { version } = JSON.parse(await read(template, "package.json"));
    await template.git("tag", `v${version}`);
    await edit(template, "package.json", `"version": "${version}"`, `"version": "${nextVersion}"`);
    await edit(
      template,
      "CHANGELOG.md",
      "## [Unreleased]",
      `## [Unreleased]\n\n## [${nextVersion}] - 2027-01-01\n\n### Added\n- Something new.`,
    );
    await edit(template, query, "// Sorts mysql2's errors", "// Sorts all of mysql2's errors");
    await edit(template, "docker-compose.yml", "mem_limit: 640m", "mem_limit: 650m");
    await write(template, "docs/new.md", "# What is new?\n\nkoa-service-template has this page.\n");
    await rm(`${template.folder}/SECURITY.md`);
    await commitAll(template, "second");
    await template.git("tag", `v${nextVersion}`);
    await template.git("tag", "v99.2.0");
  });
  after(() => template.remove());
  beforeEach(async () => {
    service = await copyProject();
    assert.equal(
      (await service.node("scripts/init.js", "shop", "--domain", "orders", "--port", "4100", "--yes")).code,
      0,
    );
    await commitAll(service, "my service");
  });
  afterEach(() => service.remove());
  const upgrade = (...args: string[]) => service.node("scripts/upgrade.js", ...args);
  const fromTemplate = () => ["--from", template.folder];

  it("merges a later version into a repository of its own, where both changed different lines", async () => {
    await edit(service, query, "/** The connection was lost", "/** My comment. The connection was lost");
    await edit(service, "package.json", '"dependencies": {', '"dependencies": {\n    "dayjs": "1.11.13",');
    await edit(service, "src/orders/schema.ts", "max(120)", "max(100)");
    await edit(service, "docker-compose.yml", "mem_limit: 256m", "mem_limit: 300m");
    await rm(`${service.folder}/docs/benchmarks.md`);
    await commitAll(service, "mine");
    const { code, output } = await upgrade(`v${nextVersion}`, ...fromTemplate());
    assert.equal(code, 0, output);
    assert.match(output, /^### Added\n- Something new\.$/m);
    const merged = await read(service, query);
    assert.match(merged, /Sorts all of mysql2's errors[\s\S]*My comment\./u);
    const compose = await read(service, "docker-compose.yml");
    assert.deepEqual(
      [compose.includes("650m"), compose.includes("300m"), compose.includes("shop:local")],
      [true, true, true],
    );
    const { name, dependencies } = JSON.parse(await read(service, "package.json"));
    assert.deepEqual([name, dependencies.dayjs], ["shop", "1.11.13"]);
    assert.match(await read(service, "src/orders/schema.ts"), /max\(100\)/);
    assert.equal(await read(service, "docs/new.md"), "# What is new?\n\nshop has this page.\n");
    for (const path of ["SECURITY.md", "docs/benchmarks.md", "src/automations", "scripts/init.js"]) {
      assert.equal(existsSync(`${service.folder}/${path}`), false, path);
    }
    assert.equal(JSON.parse(await read(service, ".template.json")).version, nextVersion);
    await commitAll(service, "upgraded");
    assert.match((await upgrade(`v${nextVersion}`, ...fromTemplate())).output, /^nothing changed/);
  });

  it("leaves a conflict to git where both changed one line, and loses neither", async () => {
    await edit(service, query, "// Sorts mysql2's errors", "// Sorts my errors");
    await commitAll(service, "mine");
    const { code, output } = await upgrade(`v${nextVersion}`, ...fromTemplate());
    assert.equal(code, 2, output);
    assert.match(output, new RegExp(`^  ${query}$`, "m"));
    assert.match(
      await read(service, query),
      /^<{7}[\s\S]*Sorts my errors[\s\S]*={7}[\s\S]*Sorts all of mysql2's errors[\s\S]*>{7}/mu,
    );
    assert.match(await read(service, "docker-compose.yml"), /650m/);
    await service.git("reset", "--hard", "--quiet");
    assert.match(await read(service, query), /Sorts my errors/);
  });

  it("finds the template by the git remote of that name", async () => {
    await service.git("remote", "add", "template", template.folder);
    assert.equal((await upgrade(`v${nextVersion}`)).code, 0);
  });

  it("refuses what it cannot do, in a line that says what to do, and changes nothing", async () => {
    for (const [args, reason] of [
      [[], /^usage: npm run upgrade/],
      [["main", ...fromTemplate()], /^usage: npm run upgrade/],
      [[`v${nextVersion}`], /^where is the template\?/],
      [["v98.0.0", ...fromTemplate()], /^the template has no version v98\.0\.0; the latest are: v99\.2\.0, v99\.1\.0/],
      [[`v${nextVersion}`, "--from", "/nowhere"], /^could not clone \/nowhere/],
      [["v99.2.0", ...fromTemplate()], /^the tag v99\.2\.0 has version 99\.1\.0/],
    ] as const) {
      const { code, output } = await upgrade(...args);
      assert.equal(code, 1, output);
      assert.match(output, reason);
      assert.equal((await service.git("status", "--porcelain")).output, "");
    }
    await write(service, "new.txt", "mine");
    assert.match((await upgrade(`v${nextVersion}`, ...fromTemplate())).output, /^there are uncommitted changes/);
    await rm(`${service.folder}/.git`, { recursive: true });
    assert.match((await upgrade(`v${nextVersion}`, ...fromTemplate())).output, /^upgrade needs git/);
  });
});
