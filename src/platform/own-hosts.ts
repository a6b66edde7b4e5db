// Recognises the operator's own hosts. Only calls to them carry `baggage` and `tracestate`, and only their URL paths appear in
// telemetry.

/** Whether a URL's host name, without the port, is one of ours. */
export type OwnHosts = (hostname: string) => boolean;

/**
 * Matches `hosts`: names or addresses such as `api.example.com`, `10.0.0.7` or `[::1]`; `.example.com` also matches its
 * subdomains.
 *
 * @throws {RangeError} that names the first invalid entry.
 */
export function ownHosts(hosts: readonly string[]): OwnHosts {
  const names = new Set<string>();
  const domains: string[] = [];
  for (const host of hosts) {
    const name = host.replace(/^\./, "");
    const url = URL.parse(`http://${name}/`);
    if (
      url === null ||
      name.includes("*") ||
      url.host !== url.hostname ||
      url.href !== `http://${url.hostname}/` ||
      name.endsWith(".")
    ) {
      throw new RangeError(`${JSON.stringify(host)} is not a host name`);
    }
    names.add(url.hostname);
    if (name !== host) domains.push(`.${url.hostname}`);
  }
  return function isOwn(hostname) {
    const name = hostname.toLowerCase().replace(/\.$/, "");
    return names.has(name) || domains.some((domain) => name.endsWith(domain));
  };
}

/** The same for an unchecked comma-separated list: skips invalid entries. */
export function ownHostsOf(list: string): OwnHosts {
  const entries = list.split(",").map((entry) => entry.trim());
  return ownHosts(
    entries.filter((entry) => {
      try {
        ownHosts([entry]);
        return true;
      } catch {
        return false;
      }
    }),
  );
}
