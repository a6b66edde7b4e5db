// What the system says about names besides its DNS servers: the hosts file (hosts(5)), and the search list and `ndots` of
// resolv.conf(5), by which a bare `webhook` finds its container. dns.Resolver reads neither.
import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";

/** The addresses of each name, in lower case. */
export type Hosts = ReadonlyMap<string, readonly LookupAddress[]>;

export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, LookupAddress[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = fieldsOf(line);
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of names.map((each) => each.toLowerCase())) {
      const known = hosts.get(name);
      if (known === undefined) hosts.set(name, [{ address, family }]);
      else known.push({ address, family });
    }
  }
  return hosts;
}

/** Where names with few dots are looked for. */
export interface Search {
  domains: readonly string[];
  /** A name with this many dots is tried as it is before the domains. */
  ndots: number;
}

/** More would only make a name that doesn't exist slower; glibc's own limit was 6 for decades. */
const mostDomains = 8;

export function parseSearch(text: string): Search {
  let domains: string[] = [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = fieldsOf(line);
    // The last line of either kind counts.
    if (keyword === "search" || keyword === "domain") domains = keyword === "domain" ? values.slice(0, 1) : values;
    const given = keyword === "options" ? values.findLast((value) => /^ndots:\d+$/.test(value)) : undefined;
    if (given !== undefined) ndots = Math.min(15, Number(given.slice("ndots:".length)));
  }
  return {
    domains: domains
      .map((domain) => domain.replace(/\.+$/, ""))
      .filter((domain) => domain !== "")
      .slice(0, mostDomains),
    ndots,
  };
}

/** The names to ask for, in order, when somebody says `name`. */
export function candidates(name: string, { domains, ndots }: Search): string[] {
  if (name.endsWith(".")) return [name];
  const searched = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split(".").length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

function fieldsOf(line: string): string[] {
  return line
    .replace(/[#;].*$/, "")
    .trim()
    .split(/\s+/);
}
