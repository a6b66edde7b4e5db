// Where a click leads: to the panel that explains a value, to another page with a filter, to traces, to log lines.
import type { Frame } from "../dashboards.ts";
import type { Link } from "./panel.ts";

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: Grafana's macros, filled in by the browser
const timeRange = "${__url_time_range}";
const sameService = "${service:queryparam}";
const allVariables = "${__all_variables}";
/** For queries of the log store, which takes times in ISO 8601. */
const logTimes = "_time:[${__from:date:iso}, ${__to:date:iso}]";
const logEnd = "${__to:date:iso}";
const logsAddress = "${logs}";
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

/** A dashboard's address for data links, keeping time range and service. `values` are Grafana expressions. */
export function drillDown({ uid }: Frame, values: Readonly<Record<string, string>>): string {
  const variables = Object.entries(values).map(([name, value]) => `var-${name}=${value}`);
  return `/d/${uid}?${[timeRange, sameService, ...variables].join("&")}`;
}

/** A dashboard's address for data links, keeping the time range, for the service `name`, a Grafana expression. */
export function ofService({ uid }: Frame, name: string): string {
  return `/d/${uid}?${timeRange}&var-service=${name}`;
}

/** The dashboard `uid` as a link, with the time range and all variables. `uid` may be an expression. */
export function pageLink(title: string, uid: string): Link {
  return { title, url: `/d/${uid}?${timeRange}&${allVariables}` };
}

const panelMark = "viewPanel=titled:";

/** A link from a value to the panel of `frame` that explains it, on its own, with the time range and all variables. */
export function explainedBy({ uid, title }: Frame, panel: string): Link {
  const page = pageLink(`${panel} on ${title}`, uid);
  // Panels get their numbers after all pages are laid out.
  return { ...page, url: `${page.url}&${panelMark}${encodeURIComponent(panel)}` };
}

type Page = { readonly uid?: string; readonly panels?: readonly { readonly id?: number; readonly title?: string }[] };

/** Replaces the titles in all links of `json`, a dashboard, by the numbers of those panels. */
export function withPanelNumbers(json: string, pages: readonly Page[]): string {
  const mark = new RegExp(`/d/([\\w-]+)\\?([^"]*?)${panelMark}([^"&]+)`, "g");
  return json.replaceAll(mark, (_, uid: string, between: string, encoded: string) => {
    const title = decodeURIComponent(encoded);
    const found = pages.find((page) => page.uid === uid)?.panels?.find((panel) => panel.title === title);
    if (found?.id === undefined) throw new Error(`${uid} has no panel "${title}" to link to`);
    return `/d/${uid}?${between}viewPanel=panel-${found.id}`;
  });
}

/**
 * A link to the log lines of the dashboard's time range on the log store's own page. `query` is LogsQL and may contain Grafana's
 * macros.
 */
export function logLines(title: string, query: string): Link {
  // The query has the exact times; the page needs a range that contains them.
  const parameters = `query=${encoded(`${logTimes} ${query}`)}&g0.range_input=30d&g0.end_input=${logEnd}&g0.relative_time=none`;
  return { title, url: `${logsAddress}/select/vmui/#/?${parameters}`, newTab: true };
}

/** Encodes everything except Grafana's macros, which it would not recognize afterwards. */
export function encoded(text: string): string {
  return text
    .split(/(\$\{\w+(?:[.:]\w+)*\}|\$\w+)/)
    .map((part, index) => (index % 2 ? part : encodeURIComponent(part)))
    .join("");
}
