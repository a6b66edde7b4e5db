import assert from "node:assert/strict";
import { asPage } from "../../../scripts/timeouts/output/html/page.ts";
import { type Report, reportSchema } from "../../../scripts/timeouts/report.ts";
import { verdictOf } from "../../../scripts/timeouts/verdict/verdict.ts";
import { calm, endpoint, load, measured, times } from "./figures.ts";

const hostile = `GET /"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;\u0007</style>`;

function reportOf(some: Parameters<typeof load>[0], partial = false): Report {
  const of = load(some, {
    endpoints: [endpoint({ ...some, name: hostile }), endpoint({ name: "GET /none", latency: null })],
    timeline: [0, 1, 2].map((atS) => ({
      ...{ atS, sent: 10, good: 7, refused: 1, timedOut: 1, errors: 1 },
      latency: atS === 1 ? null : { p50Ms: 3, p95Ms: 40, p99Ms: 80, maxMs: 100 },
    })),
  });
  const { samples, targets } = measured(of);
  return reportSchema.parse({
    version: 1,
    url: "http://127.0.0.1:8000/",
    startedAt: "2026-11-24T12:00:00.000Z",
    partial,
    perSecond: 100,
    seconds: 3,
    arrivals: "poisson",
    clientTimeoutMs: 5000,
    capacity: null,
    endpoints: of.endpoints,
    total: of.total,
    timeline: of.timeline,
    calm: { latency: null, phases: times({ query: 3 }) },
    queryP95Ms: 4,
    generator: { ...of.generator, maxInFlight: 1000 },
    ...samples,
    targets,
    verdict: verdictOf({ load: of, calm: calm(), samples, targets }),
  });
}

const phases = {
  mean: times({ query: 4, own: 1 }),
  slowest: times({ queue: 200, query: 30 }),
  timedOut: times({ queue: 250 }),
};
const pages = {
  "with everything": asPage(reportOf({ timedOutBy: { [hostile]: 20 }, refusedBy: { "<b>": 3 }, phases })),
  "without phases": asPage(reportOf({})),
  "of a load that never began": asPage({
    ...reportOf({ sent: 0, latency: null }, true),
    timeline: [],
    seconds: 0,
    perSecond: null,
  }),
};

/** The names of all elements in order. Checks that each is closed properly and that its attributes are quoted. */
function elements(page: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const markup = page.replace(/^<!doctype html>\n/, "").replace(/<style>.*?<\/style>/s, "<style></style>");
  assert.doesNotMatch(markup.replace(/<[^>]*>/g, ""), /[<>]|&(?!#\d+;)/);
  for (const [all, closing, name = "", attributes = "", empty] of markup.matchAll(/<(\/?)([\w-]+)([^>]*?)(\/?)>/g)) {
    assert.match(attributes, /^( [\w:-]+="[^"<>]*")*$/, all);
    if (closing) assert.equal(open.pop(), name, all);
    else {
      names.push(name);
      if (!empty) open.push(name);
    }
  }
  assert.deepEqual(open, []);
  return names;
}

describe("the HTML report", () => {
  for (const [name, page] of Object.entries(pages)) {
    it(`is well-formed ${name}`, () => {
      assert.deepEqual(elements(page).slice(0, 3), ["html", "head", "meta"]);
      assert.doesNotMatch(page, /NaN|Infinity|undefined|null/);
    });

    it(`loads nothing and has no script, ${name}`, () => {
      const names = elements(page);
      for (const one of ["script", "link", "img", "iframe", "object", "use", "image", "a", "base"]) {
        assert.ok(!names.includes(one), one);
      }
      assert.doesNotMatch(page, / (?:src|href|xlink:href|srcset|on\w+|style)="/);
      assert.doesNotMatch(page, /@import|@font-face|url\(/);
    });
  }

  it("escapes everything that the service sends", () => {
    const page = pages["with everything"];
    assert.ok(page.includes("&#60;img src=x onerror=alert(1)&#62;&#38;amp;\u{FFFD}&#60;/style&#62;"));
    assert.ok(!page.includes("<script>") && !page.includes("<b>&#"));
  });

  it("has each chart in two widths, with the same phase colours everywhere", () => {
    const page = pages["with everything"];
    const names = elements(page);
    assert.equal(names.filter((one) => one === "svg").length, 6);
    assert.equal(elements(pages["without phases"]).filter((one) => one === "svg").length, 4);
    assert.match(pages["without phases"], /reports no phases/);
    for (const phase of ["queue", "query", "own"]) {
      assert.ok(page.includes(`<i class="phase-${phase}">`) && page.includes(`<rect class="phase-${phase}"`), phase);
    }
  });

  it("supports phones, dark mode and paper, and says when it is partial", () => {
    const page = pages["with everything"];
    for (const part of ["width=device-width", "prefers-color-scheme: dark", "max-width: 700px", "@media print"]) {
      assert.ok(page.includes(part), part);
    }
    assert.match(pages["of a load that never began"], /<h1>Partial/);
    assert.doesNotMatch(page, /<h1>Partial/);
  });
});
