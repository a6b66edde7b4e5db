// Tests the import rules of src/platform/README.md, type imports included.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { root } from "./support/helper.ts";

interface Import {
  from: string;
  /** A path below src, or the name of a package. */
  to: string;
}

const src = join(root, "src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => /\.[jt]s$/.test(file) && !file.endsWith(".d.ts"));
const imports = files.flatMap((from) =>
  [...readFileSync(join(src, from), "utf8").matchAll(/(?:\bfrom|\bimport\(?)\s*"([^"]+)"/g)].map(
    ([, specifier = ""]): Import => ({
      from,
      to: specifier.startsWith(".") ? posix.normalize(posix.join(dirname(from), specifier)) : specifier,
    }),
  ),
);
const own = imports.filter(({ to }) => files.includes(to));

/** The folders of src/platform from the bottom to the top level. A folder imports only from lower levels. */
const levels = [
  ["request", "telemetry"],
  ["http", "breaker"],
  ["auth", "database", "http-client", "overload", "rate-limit", "reporting"],
  ["endpoints"],
];
/** The platform's contract with the domains. It may import from any folder. */
const contract = "platform/domain.ts";
const openToDomains = ["platform/request/", "platform/http/", "platform/database/", "platform/http-client/"];
const openFiles = [contract, "platform/log.ts", "platform/variables.ts"];

const folderOf = (file: string) => file.split("/", 1)[0] ?? "";
/** The folders that domains.ts lists. */
const domains = own
  .filter(({ from }) => from === "domains.ts")
  .map(({ to }) => folderOf(to))
  .filter((name) => name !== "platform");

/** Returns the platform folder of a file; undefined for files directly in src/platform, which any folder may import. */
function platformFolderOf(file: string): string | undefined {
  const [, folder, inside] = file.split("/");
  return inside === undefined ? undefined : folder;
}

function levelOf(file: string): number {
  const folder = platformFolderOf(file);
  return folder === undefined ? -1 : levels.findIndex((level) => level.includes(folder));
}

/** Fails with a list of the imports that break a rule. */
function assertNone(violations: readonly Import[]): void {
  assert.deepEqual(
    violations.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
}

const inPlatform = (file: string) => file.startsWith("platform/");

describe("imports in src", () => {
  it("are found, so that the rules below test something", () => {
    assert.ok(own.length > 200, String(own.length));
    const defined = files.filter((file) => /^[^/]+\/domain\.ts$/.test(file) && file !== contract).map(folderOf);
    assert.deepEqual(domains.toSorted(), defined.toSorted(), "domains.ts lists each folder with a domain.ts");
    const folders = new Set(
      files
        .filter(inPlatform)
        .map(platformFolderOf)
        .filter((folder) => folder !== undefined),
    );
    assert.deepEqual([...folders].toSorted(), levels.flat().toSorted());
  });

  it("of the platform stay in the platform, so that domains can be added and removed", () => {
    assertNone(own.filter(({ from, to }) => inPlatform(from) && !inPlatform(to)));
  });

  it("of the faults go to the platform, so that they work with any domain", () => {
    const stays = (to: string) => to.startsWith("faults/") || inPlatform(to);
    assertNone(own.filter(({ from, to }) => from.startsWith("faults/") && !stays(to)));
  });

  it("between folders of the platform go to a lower level", () => {
    const between = own.filter(({ from, to }) => inPlatform(from) && inPlatform(to) && from !== contract);
    assertNone(
      between.filter(
        ({ from, to }) =>
          platformFolderOf(from) !== platformFolderOf(to) && levelOf(to) >= levelOf(from) && levelOf(to) >= 0,
      ),
    );
  });

  it("have no cycles", () => {
    const next = new Map(files.map((file) => [file, own.filter(({ from }) => from === file).map(({ to }) => to)]));
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      assert.ok(!path.includes(file), [...path.slice(path.indexOf(file)), file].join(" > "));
      if (done.has(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it("of a domain stay in the domain or go to what the platform opens to domains", () => {
    const ofDomains = own.filter(({ from }) => domains.includes(folderOf(from)));
    assertNone(
      ofDomains.filter(
        ({ from, to }) =>
          folderOf(from) !== folderOf(to) &&
          !openFiles.includes(to) &&
          !openToDomains.some((folder) => to.startsWith(folder)),
      ),
    );
  });

  it("of telemetry's lean/ and loading/ are in telemetry only", () => {
    const isInternal = (file: string) => /^platform\/telemetry\/(?:lean|loading)\//.test(file);
    assertNone(own.filter(({ from, to }) => isInternal(to) && !from.startsWith("platform/telemetry/")));
    const lean = imports.filter(({ from }) => from.startsWith("platform/telemetry/lean/"));
    assertNone(lean.filter(({ to }) => files.includes(to) && !to.startsWith("platform/telemetry/lean/")));
  });

  it("of OpenTelemetry's SDK are in telemetry only; other code uses the API", () => {
    const sdk = /^@opentelemetry\/(?!api$|semantic-conventions$)/;
    assertNone(
      imports.filter(
        ({ from, to }) => sdk.test(to) && !from.startsWith("platform/telemetry/") && from !== "telemetry.ts",
      ),
    );
  });
});
