import { deepEqual, equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { render } from "../../grafana/build.ts";
import { files } from "./committed.ts";

describe("grafana/dashboards", () => {
  for (const { file, text } of render()) {
    it(`has ${basename(file.pathname)} as the code writes it (npm run dashboards)`, () => {
      equal(readFileSync(file, "utf8"), text);
    });
  }

  it("has no file that the code does not write", () => {
    deepEqual(
      files.toSorted(),
      render()
        .map(({ file }) => basename(file.pathname))
        .toSorted(),
    );
  });
});
