// What all dashboards have in common: variables, refresh, time range, a shared crosshair, and the layout.
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  type RowPanel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { layout, type Row } from "./layout.ts";
import { variables } from "./variables.ts";

/** A dashboard's identity. `uid` is its address (/d/uid) and its file's name. */
export type Frame = { readonly uid: string; readonly title: string; readonly description: string };

/** A whole dashboard, as Grafana's JSON. */
export function dashboard({ uid, title, description }: Frame, rows: readonly Row[]): Dashboard {
  const built = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(["koa-service-template"])
    // What happened in the last quarter of an hour; the first minute of a fresh stack fills a visible part of it.
    .time({ from: "now-15m", to: "now" })
    // As often as new data can be there at most in production; development exports every 5 s.
    .refresh("15s")
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables)
    .build();
  const panels: (Panel | RowPanel)[] = layout(rows);
  return { ...built, panels };
}

/** The address of a dashboard that keeps the time range and service, for data links. `values` are Grafana expressions. */
export function drillDown(uid: string, values: Readonly<Record<string, string>>): string {
  const variables = Object.entries(values).map(([name, value]) => `var-${name}=${value}`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macros, filled in by the browser
  return `/d/${uid}?${["${__url_time_range}", "${service:queryparam}", ...variables].join("&")}`;
}
