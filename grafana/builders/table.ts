// A table with a row per label value and a column per query, over the dashboard's whole time range.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common";
import type { DataTransformerConfig, DynamicConfigValue, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { type DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { type About, dataLink, described, type Limits, type Link, refId, target, thresholds } from "./panel.ts";
import { mappings } from "./stat.ts";

/** A column: heading, query, unit, and the limits that colour its values. */
export type Column = {
  readonly title: string;
  readonly expr: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly limits?: Limits;
};

/** A column that names the rows. `links`: where a click on a name leads. `width` in pixels; default: what the others leave. */
export type Key = {
  readonly label: string;
  readonly title: string;
  readonly links?: readonly Link[];
  readonly width?: number;
};

/** Wide enough for "1.93 s" and a heading of eight letters. */
const numberWidth = 75;

/** A table of `columns` by `keys`, sorted by the column titled `sortedBy`, descending. `empty`: what no row means. */
export function table(
  about: About,
  content: {
    readonly keys: readonly Key[];
    readonly columns: readonly Column[];
    readonly sortedBy: string;
    readonly empty: string;
  },
): Builder<Panel> {
  const { keys, columns, sortedBy, empty } = content;
  const panel = described(new PanelBuilder(), about)
    .noValue(empty)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortedBy).desc(true)]);
  for (const key of keys) panel.overrideByName(key.title, name(key));
  for (const column of columns) panel.overrideByName(column.title, number(column));
  for (const query of instants(columns)) panel.withTarget(query);
  for (const step of merged(keys, columns)) panel.withTransformation(step);
  return panel;
}

type Queried = { readonly title: string; readonly expr: string };

/** One query per column, all at the same instant. */
export function instants(columns: readonly Queried[]): DataqueryBuilder[] {
  return columns.map(({ title, expr }, index) =>
    target({ expr, legend: title }, index).instant().format(PromQueryFormat.Table),
  );
}

/**
 * The queries run at the same instant, so merging their results leaves one row per label value. Grafana names the values of two
 * or more queries by their letter. `between`: steps before the columns get their titles. `without`: columns that only those need.
 */
export function merged(
  keys: readonly Key[],
  columns: readonly Queried[],
  { between = [], without = [] }: { between?: readonly DataTransformerConfig[]; without?: readonly string[] } = {},
): DataTransformerConfig[] {
  const names = Object.fromEntries([
    ...keys.map(({ label, title }) => [label, title]),
    ...columns.map(({ title }, index) => [`Value #${refId(index)}`, title]),
  ]);
  const indexByName = Object.fromEntries(Object.keys(names).map((name, index) => [name, index]));
  const excludeByName = Object.fromEntries(["Time", ...without].map((name) => [name, true]));
  return [
    { id: "merge", options: {} },
    ...between,
    { id: "organize", options: { excludeByName, indexByName, renameByName: names } },
  ];
}

/** Without the unit, Grafana reads a fingerprint such as 018e0522 as a number, and shows infinity. */
function name({ links = [], width }: Key): DynamicConfigValue[] {
  return [
    { id: "unit", value: "string" },
    ...(width ? [{ id: "custom.width", value: width }] : []),
    ...(links.length > 0 ? [{ id: "links", value: links.map((link) => dataLink(link).build()) }] : []),
  ];
}

function number({ unit, decimals, limits }: Column): DynamicConfigValue[] {
  return [
    { id: "unit", value: unit },
    { id: "custom.width", value: numberWidth },
    { id: "mappings", value: mappings(unit) },
    ...(decimals === undefined ? [] : [{ id: "decimals", value: decimals }]),
    ...(limits
      ? [
          { id: "custom.cellOptions", value: { type: "color-text" } },
          { id: "thresholds", value: thresholds(limits).build() },
        ]
      : []),
  ];
}
