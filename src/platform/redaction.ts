// Redacts URLs and other client-supplied text for telemetry: no query values, and a bounded length.

const redacted = "REDACTED";
const maxLength = 256;

/** Truncates to 256 characters: client-supplied text could otherwise fill the trace store. */
export function cut(text: string): string {
  return text.length > maxLength ? text.slice(0, maxLength) : text;
}

/** Keeps the parameter names of `query` (without the `?`). A parameter without `=` is redacted too: it may be a secret key. */
export function redactedQuery(query: string): string {
  return cut(
    cut(query).replaceAll(/([^&;=]*)=*([^&;]*)/g, (all, name: string, value: string) => {
      if (all === "") return "";
      // `=` may also be the end of a Base64 key.
      return value === "" ? redacted : `${name}=${redacted}`;
    }),
  );
}

/** The parts of a URL that spans record. */
export interface RedactedUrl {
  full: string;
  path: string;
  /** With the `?`, or empty. */
  query: string;
}

/** Leaves out credentials and fragment. Set `keepsPath` to false for hosts of others: a path there is often a secret. */
export function redactedUrl({ protocol, host, pathname, search }: URL, keepsPath: boolean): RedactedUrl {
  const path = keepsPath || pathname === "/" ? cut(pathname) : `/${redacted}`;
  const query = search === "" ? "" : `?${redactedQuery(search.slice(1))}`;
  return { full: `${protocol}//${cut(host)}${path}${query}`, path, query };
}
