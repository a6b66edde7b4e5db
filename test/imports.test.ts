// Who may import whom, types included: the map of the rooms in src/platform/README.md as a test.
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

/** The rooms of src/platform from the bottom to the top. A room imports those below its level. */
const levels = [
  ["request", "telemetry"],
  ["http", "breaker"],
  ["auth", "database", "http-client", "overload", "rate-limit", "reporting"],
  ["endpoints"],
];
/** The contract with the domains names what it shares with them. */
const contract = "platform/domain.ts";
const openToDomains = ["platform/request/", "platform/http/", "platform/database/", "platform/http-client/"];
const openFiles = [contract, "platform/log.ts", "platform/variables.ts"];

const folderOf = (file: string) => file.split("/", 1)[0] ?? "";
/** The folders that domains.ts lists. */
const domains = own
  .filter(({ from }) => from === "domains.ts")
  .map(({ to }) => folderOf(to))
  .filter((name) => name !== "platform");

/** The room of a file of the platform; undefined for the files beside the rooms, which all may import. */
function roomOf(file: string): string | undefined {
  const [, room, inside] = file.split("/");
  return inside === undefined ? undefined : room;
}

function levelOf(file: string): number {
  const room = roomOf(file);
  return room === undefined ? -1 : levels.findIndex((level) => level.includes(room));
}

/** Fails with each import that breaks a rule. */
function assertNone(broken: readonly Import[]): void {
  assert.deepEqual(
    broken.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
}

const inPlatform = (file: string) => file.startsWith("platform/");

describe("imports in src", () => {
  it("are found: the rules below are not about nothing", () => {
    assert.ok(own.length > 200, String(own.length));
    assert.deepEqual(domains, ["automations"]);
    const rooms = new Set(
      files
        .filter(inPlatform)
        .map(roomOf)
        .filter((room) => room !== undefined),
    );
    assert.deepEqual([...rooms].toSorted(), levels.flat().toSorted());
  });

  it("lead from the platform to the platform only, so that domains can come and go", () => {
    assertNone(own.filter(({ from, to }) => inPlatform(from) && !inPlatform(to)));
  });

  it("lead downwards between the rooms of the platform", () => {
    const between = own.filter(({ from, to }) => inPlatform(from) && inPlatform(to) && from !== contract);
    assertNone(
      between.filter(({ from, to }) => roomOf(from) !== roomOf(to) && levelOf(to) >= levelOf(from) && levelOf(to) >= 0),
    );
  });

  it("make no circle", () => {
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

  it("of a domain lead to itself and to what the platform offers to domains", () => {
    const ofDomains = own.filter(({ from }) => domains.includes(folderOf(from)));
    assertNone(
      ofDomains.filter(
        ({ from, to }) =>
          folderOf(from) !== folderOf(to) &&
          !openFiles.includes(to) &&
          !openToDomains.some((room) => to.startsWith(room)),
      ),
    );
  });

  it("of what makes telemetry fast are made by telemetry alone", () => {
    const fast = (file: string) => /^platform\/telemetry\/(?:lean|loading)\//.test(file);
    assertNone(own.filter(({ from, to }) => fast(to) && !from.startsWith("platform/telemetry/")));
    const lean = imports.filter(({ from }) => from.startsWith("platform/telemetry/lean/"));
    assertNone(lean.filter(({ to }) => files.includes(to) && !to.startsWith("platform/telemetry/lean/")));
  });

  it("of OpenTelemetry's SDK are made by telemetry alone: all others use its API", () => {
    const sdk = /^@opentelemetry\/(?!api$|semantic-conventions$)/;
    assertNone(
      imports.filter(
        ({ from, to }) => sdk.test(to) && !from.startsWith("platform/telemetry/") && from !== "telemetry.ts",
      ),
    );
  });
});
