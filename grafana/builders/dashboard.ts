// What all dashboards share: variables, links to the others, refresh, time range, crosshair, layout.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  type RowPanel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { type Frame, frames } from "../dashboards.ts";
import { layout, type Row } from "./layout.ts";
import { type Link, withoutPlacement } from "./panel.ts";
import { variables } from "./variables.ts";

/** Builds a whole dashboard as Grafana's JSON. */
export function dashboard({ uid, title, description, byRoute }: Frame, rows: readonly Row[]): Dashboard {
  const others = Object.values(frames).filter((frame) => frame.uid !== uid);
  const built = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(["koa-service-template"])
    // Short enough that the first minute of a fresh stack is visible.
    .time({ from: "now-15m", to: "now" })
    // New data arrives every 15 s in production (5 s in development).
    .refresh("15s")
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables({ byRoute }))
    .links(others.map(topLink))
    .build();
  const panels: (Panel | RowPanel)[] = layout(rows);
  return { ...built, panels };
}

/** A link at the top of the page that keeps the time range and all variables. */
function topLink({ uid, title, description }: Frame): Builder<DashboardLink> {
  return withoutPlacement(
    new DashboardLinkBuilder(title)
      .type(DashboardLinkType.Link)
      .url(`/d/${uid}`)
      .icon("dashboard")
      .tooltip(description)
      .includeVars(true)
      .keepTime(true),
  );
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macros, filled in by the browser
const timeRange = "${__url_time_range}";
// biome-ignore lint/suspicious/noTemplateCurlyInString: as above
const sameService = "${service:queryparam}";
// biome-ignore lint/suspicious/noTemplateCurlyInString: as above
const allVariables = "${__all_variables}";

/** A dashboard's address for data links, keeping time range and service. `values` are Grafana expressions. */
export function drillDown({ uid }: Frame, values: Readonly<Record<string, string>>): string {
  const variables = Object.entries(values).map(([name, value]) => `var-${name}=${value}`);
  return `/d/${uid}?${[timeRange, sameService, ...variables].join("&")}`;
}

/** A link from a value to the dashboard that explains it, with the time range and all variables. */
export function explainedBy({ uid, title }: Frame): Link {
  return { title, url: `/d/${uid}?${timeRange}&${allVariables}` };
}
