// Whether a host is on this machine or in its own network, where plain text is common practice.
import { lookup } from "node:dns/promises";
import { addressRanges, normalAddress } from "./ip-address.ts";

/** Loopback, link-local, and the private networks of RFC 1918, RFC 4193 and RFC 6598. */
const isPrivate = addressRanges([
  "127.0.0.0/8",
  "::1",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
]);

/** Whether an IP address is none of these. */
export function isPublicAddress(address: string): boolean {
  const normal = normalAddress(address);
  return normal !== undefined && !isPrivate(normal);
}

/** True when any address of `host`, a name or an address, is a public one. False of a name that is not known. */
export async function isPublicHost(host: string): Promise<boolean> {
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.some(({ address }) => isPublicAddress(address));
}
