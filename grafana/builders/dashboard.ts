// What all dashboards share: variables, annotations, links to the others, refresh, time range, crosshair, layout.
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
import packageJson from "../../package.json" with { type: "json" };
import type { Frame } from "../dashboards.ts";
import { annotations } from "./annotations.ts";
import { layout, type Row } from "./layout.ts";
import { withoutPlacement } from "./panel.ts";
import { variables } from "./variables.ts";

/** Dashboards with the same tag link to each other. */
const tag = packageJson.name;

/** Builds a whole dashboard as Grafana's JSON. */
export function dashboard({ uid, title, description, byService, byRoute }: Frame, rows: readonly Row[]): Dashboard {
  const built = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([tag])
    // Short enough that the first minute of a fresh stack is visible.
    .time({ from: "now-15m", to: "now" })
    // One of Grafana's own intervals: with another, the page would never refresh. New data arrives every 15 s (5 s in development).
    .refresh("10s")
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables({ byService, byRoute }))
    .annotations(byService ? annotations : [])
    .links([pages()])
    .build();
  const panels: (Panel | RowPanel)[] = layout(rows);
  return { ...built, panels };
}

/** A menu of all pages, in the row of the variables. It keeps the time range and the variables. */
function pages(): Builder<DashboardLink> {
  return withoutPlacement(
    new DashboardLinkBuilder("Pages")
      .type(DashboardLinkType.Dashboards)
      .tags([tag])
      .asDropdown(true)
      .tooltip("All pages about this service")
      .includeVars(true)
      .keepTime(true),
  );
}
