import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { dashboards, links, panels } from "./committed.ts";

const provisioned = z
  .object({
    datasources: z.array(
      z.looseObject({
        uid: z.string(),
        type: z.string(),
        jsonData: z.looseObject({
          exemplarTraceIdDestinations: z
            .array(z.object({ name: z.string(), datasourceUid: z.string().optional(), url: z.string().optional() }))
            .default([]),
        }),
      }),
    ),
  })
  .parse(read("datasources/datasources.yaml")).datasources;

const providers = z
  .object({ providers: z.array(z.looseObject({ options: z.object({ path: z.string() }) })) })
  .parse(read("dashboards/dashboards.yaml")).providers;

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
const verdictPage = "/d/${__field.labels.page}?";

describe("references between dashboards and data sources", () => {
  const known = provisioned.map(({ uid, type }) => `${type} ${uid}`);

  for (const dashboard of dashboards) {
    it(`${dashboard.uid} queries only provisioned data sources`, () => {
      const used = [...panels(dashboard), ...dashboard.templating.list].flatMap(({ datasource }) => datasource ?? []);
      for (const { type, uid } of used) ok(known.includes(`${type} ${uid}`), `${type} ${uid} is not provisioned`);
    });

    it(`${dashboard.uid} links only to existing dashboards, with variables that they have`, () => {
      for (const { url } of links(dashboard).filter(({ url }) => url.startsWith("/d/"))) {
        // The verdict's page is in a label; the rules' tests know its values.
        if (url.startsWith(verdictPage)) continue;
        const { pathname, searchParams } = new URL(url, "http://grafana");
        const linked = dashboards.find(({ uid }) => pathname === `/d/${uid}`);
        ok(linked, `${url} goes nowhere`);
        const panel = searchParams.get("viewPanel");
        if (panel)
          ok(
            linked.panels.some(({ id }) => `panel-${id}` === panel),
            `${url} shows no panel`,
          );
        const names = [...searchParams.keys()].filter((key) => key.startsWith("var-")).map((key) => key.slice(4));
        for (const name of names)
          ok(
            linked.templating.list.some((variable) => variable.name === name),
            `${name} in ${url}`,
          );
      }
    });
  }

  const panes = z.record(
    z.string(),
    z.object({
      datasource: z.string(),
      queries: z.array(z.looseObject({ datasource: z.object({ uid: z.string() }) })),
    }),
  );

  it("links to Explore query a provisioned data source for the clicked value", () => {
    const urls = dashboards.flatMap(links).flatMap(({ url }) => (url.startsWith("/explore?") ? [url] : []));
    ok(urls.length > 0);
    for (const url of urls) {
      ok(/\$\{__(?:value\.raw|data\.fields\.\w+)\}/.test(url), `${url} is the same for all values`);
      const { searchParams } = new URL(url, "http://grafana");
      equal(searchParams.get("schemaVersion"), "1");
      for (const pane of Object.values(panes.parse(JSON.parse(searchParams.get("panes") ?? "")))) {
        ok(
          provisioned.some(({ uid }) => uid === pane.datasource),
          pane.datasource,
        );
        for (const { datasource } of pane.queries) equal(datasource.uid, pane.datasource);
      }
    }
  });

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Grafana's macros, filled in by the browser
  it("links to log lines ask the log store for the clicked value of this service, in the page's time range", () => {
    const urls = dashboards.flatMap(links).flatMap(({ url }) => (url.includes("/vmui/") ? [url] : []));
    ok(urls.length > 0);
    for (const url of urls) {
      ok(url.startsWith("${logs}/select/vmui/#/?query="), url);
      const query = decodeURIComponent(/query=([^&]*)/.exec(url)?.[1] ?? "");
      ok(query.startsWith("_time:[${__from:date:iso}, ${__to:date:iso}] "), query);
      ok(query.includes('"service.name":="${service}"') && query.includes("${__value.raw}"), query);
    }
  });

  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

  it("exemplars open their trace first, then its log lines, by the label with the trace id", () => {
    const destinations =
      provisioned.find(({ uid }) => uid === "prometheus")?.jsonData.exemplarTraceIdDestinations ?? [];
    deepEqual(
      destinations.map(({ name }) => name),
      ["trace_id", "trace_id"],
    );
    const [trace, lines] = destinations;
    equal(trace?.datasourceUid, "jaeger");
    match(lines?.url ?? "", /^\$\{LOGS_URL\}\/.*trace_id%3A%22\$\$\{__value\.raw\}%22/);
  });

  it("dashboards are read from the folder where they are mounted", () => {
    deepEqual(
      providers.map(({ options }) => options.path),
      ["/var/lib/grafana/dashboards"],
    );
  });
});

function read(path: string): unknown {
  return parse(readFileSync(new URL(`../../grafana/provisioning/${path}`, import.meta.url), "utf8"));
}
