// Tells public hosts from those on this machine or a private network, where unencrypted connections are common practice.
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

/** Whether an IP address is in none of these ranges. */
export function isPublicAddress(address: string): boolean {
  const normal = normalAddress(address);
  return normal !== undefined && !isPrivate(normal);
}

/** Whether any address of `host`, a name or an IP address, is public. False for a name that does not resolve. */
export async function isPublicHost(host: string): Promise<boolean> {
  const addresses = await lookup(host, { all: true }).catch(() => []);
  return addresses.some(({ address }) => isPublicAddress(address));
}
