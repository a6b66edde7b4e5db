import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { variables } from "../../src/config/environment.ts";
import { ownDomains } from "../support/domains.ts";
import { root } from "../support/helper.ts";

describe(".env.example", () => {
  it("names no variable that neither the platform nor a domain has", () => {
    const text = readFileSync(`${root}/.env.example`, "utf8");
    const named = [...text.matchAll(/^# (?!OTEL_)([A-Z_]+)=/gm)].map(([, name]) => name);
    const all = [variables, ...ownDomains.map((domain) => domain.variables)].flatMap(({ shape }) => Object.keys(shape));
    assert.deepEqual(named.toSorted(), all.toSorted());
  });
});
