import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import packageJson from "../package.json" with { type: "json" };
import { serviceCommand } from "../scripts/bootstrap/service-command.js";
import { root } from "./support/helper.ts";

describe("architecture", () => {
  it("starts in the image with the flags of `npm start`, and fills the image's compile cache with them too", () => {
    const dockerfile = readFileSync(`${root}/Dockerfile`, "utf8");
    const [, command = "[]"] = /^CMD (.*)$/m.exec(dockerfile) ?? [];
    assert.deepEqual(JSON.parse(command), ["node", ...serviceCommand]);
    // V8's compiled code is only valid for the flags that it was compiled with.
    assert.equal(packageJson.scripts.start, `exec node ${serviceCommand.join(" ")}`);
    assert.ok(dockerfile.includes(` node ${serviceCommand.join(" ")} ||`));
  });

  it("imports in src only packages that production installs", () => {
    const manifest: { dependencies: Record<string, string> } = packageJson;
    for (const file of readdirSync(`${root}/src`, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts")) continue;
      const lines = readFileSync(`${root}/src/${file}`, "utf8").matchAll(
        /^(?:import (?!type )|\} from )[^"\n]*"([^"]+)"/gm,
      );
      for (const [, path = ""] of lines) {
        if (path.startsWith(".") || path.startsWith("node:")) continue;
        const [name = ""] = /^(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
        assert.ok(name in manifest.dependencies, `src/${file} imports ${path}`);
      }
    }
  });

  it("keeps every source file to one idea: at most 200 lines", () => {
    const sources = readdirSync(`${root}/src`, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".ts"),
    );
    const long = sources.filter((file) => readFileSync(`${root}/src/${file}`, "utf8").split("\n").length > 201);
    assert.deepEqual(long, []);
  });

  it("lists every stack test in its fixed order", () => {
    const { spec }: { spec: string[] } = JSON.parse(readFileSync(`${root}/test/stack/.mocharc.json`, "utf8"));
    const files = readdirSync(`${root}/test/stack`, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".test.ts"),
    );
    assert.deepEqual(spec.toSorted(), files.map((name) => `test/stack/${name}`).toSorted());
  });
});
