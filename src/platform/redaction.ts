// What telemetry keeps of a URL and of other texts that clients or the owners of webhooks choose: never a value of a query,
// never more than a bounded length.

const redacted = "REDACTED";
const longestText = 256;

/** At most 256 characters: texts that strangers choose would otherwise fill the trace store. */
export function cut(text: string): string {
  return text.length > longestText ? text.slice(0, longestText) : text;
}

/** The names of the parameters of `query`, which begins after the `?`; one without `=` may itself be a key. */
export function redactedQuery(query: string): string {
  return cut(
    cut(query).replaceAll(/([^&;=]*)=*([^&;]*)/g, (all, name: string, value: string) => {
      if (all === "") return "";
      // Keys in Base64 end with one or two of them.
      return value === "" ? redacted : `${name}=${redacted}`;
    }),
  );
}

/** A URL in parts, as spans have it. */
export interface RedactedUrl {
  full: string;
  path: string;
  /** With its `?`, or empty. */
  query: string;
}

/** `keepsPath`: not for a webhook, whose path is often its secret. Credentials and fragment are left out. */
export function redactedUrl({ protocol, host, pathname, search }: URL, keepsPath: boolean): RedactedUrl {
  const path = keepsPath || pathname === "/" ? cut(pathname) : `/${redacted}`;
  const query = search === "" ? "" : `?${redactedQuery(search.slice(1))}`;
  return { full: `${protocol}//${cut(host)}${path}${query}`, path, query };
}
