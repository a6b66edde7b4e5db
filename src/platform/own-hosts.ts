// Which hosts belong to those who run the service. Only they are shown what it says of itself in `baggage` and `tracestate`,
// and only their paths are shown in telemetry.

/** Tells whether a host name of a URL, without its port, is one of ours. */
export type OwnHosts = (hostname: string) => boolean;

/**
 * `hosts` are names or addresses, `api.example.com` or `10.0.0.7` or `[::1]`; `.example.com` is that domain and all below it.
 *
 * @throws {RangeError} naming the first that is none of these.
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
      throw new RangeError(`${JSON.stringify(host)} is no host name`);
    }
    names.add(url.hostname);
    if (name !== host) domains.push(`.${url.hostname}`);
  }
  return function isOwn(hostname) {
    const name = hostname.toLowerCase().replace(/\.$/, "");
    return names.has(name) || domains.some((domain) => name.endsWith(domain));
  };
}

/** The same for a comma-separated list that has not been checked yet: skips invalid entries. */
export function ownHostsOf(list: string): OwnHosts {
  const known = list.split(",").map((entry) => entry.trim());
  return ownHosts(
    known.filter((entry) => {
      try {
        ownHosts([entry]);
        return true;
      } catch {
        return false;
      }
    }),
  );
}
