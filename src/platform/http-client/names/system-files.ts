// Parses what dns.Resolver ignores: the hosts file (hosts(5)), and the search list and `ndots` of resolv.conf(5), with which a
// bare `payments` resolves to its container.
import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";

/** Addresses by name, in lower case. */
export type Hosts = ReadonlyMap<string, readonly LookupAddress[]>;

/** Parses a hosts file. Skips invalid lines. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, LookupAddress[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = fieldsOf(line);
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of names.map((each) => each.toLowerCase())) {
      const addresses = hosts.get(name);
      if (addresses === undefined) hosts.set(name, [{ address, family }]);
      else addresses.push({ address, family });
    }
  }
  return hosts;
}

/** How short names are completed. */
export interface Search {
  domains: readonly string[];
  /** A name with at least this many dots is tried as it is before the domains. */
  ndots: number;
}

/** More would only slow down lookups of names that don't exist; glibc's limit was 6 for decades. */
const maxDomains = 8;

/** Parses resolv.conf's `search`, `domain` and `options ndots`. */
export function parseSearch(text: string): Search {
  let domains: string[] = [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = fieldsOf(line);
    // The last `search` or `domain` line wins.
    if (keyword === "search" || keyword === "domain") domains = keyword === "domain" ? values.slice(0, 1) : values;
    const given = keyword === "options" ? values.findLast((value) => /^ndots:\d+$/.test(value)) : undefined;
    if (given !== undefined) ndots = Math.min(15, Number(given.slice("ndots:".length)));
  }
  return {
    domains: domains
      .map((domain) => domain.replace(/\.+$/, ""))
      .filter((domain) => domain !== "")
      .slice(0, maxDomains),
    ndots,
  };
}

/** The names to query for `name`, in order. */
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
