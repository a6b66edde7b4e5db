import assert from "node:assert/strict";
import { mochaArguments } from "../../scripts/bootstrap/mocha-arguments.js";
import { root } from "../support/helper.ts";

describe("arguments of npm test", () => {
  it("passes mocha's arguments on, together with the project's configuration", async () => {
    assert.deepEqual(await mochaArguments(root, ["--grep", "health"]), [
      "--config",
      ".mocharc.json",
      "--grep",
      "health",
    ]);
  });

  it("runs only the named files, with the configuration's other settings", async () => {
    const args = await mochaArguments(root, ["test/service/config.test.ts"]);
    assert.equal(args[0], "--no-config");
    assert(args.includes("--require=test/support/setup.ts"));
    assert(!args.some((arg) => arg.startsWith("--spec")));
    assert.equal(args.at(-1), "test/service/config.test.ts");
  });

  it("uses the configuration of the named suite", async () => {
    assert.deepEqual(await mochaArguments(root, ["--stack"]), ["--config", "test/stack/.mocharc.json"]);
    assert.deepEqual(await mochaArguments(root, ["--overload"]), ["--config", "test/overload/.mocharc.json"]);
    assert.deepEqual(await mochaArguments(root, ["--bench"]), ["--config", "test/bench/.mocharc.json"]);
  });
});
