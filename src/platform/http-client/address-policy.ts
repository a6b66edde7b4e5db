// Prevents server-side request forgery: when a client supplies the URL, only public addresses may be called, nothing that is
// reachable only from this machine or its network, such as a cloud's metadata service. The ranges are those of IANA's
// special-purpose registries (RFC 6890) that are not globally reachable.
import { addressRanges, normalAddress } from "../ip-address.ts";

/** Whether we may connect to an address, in any spelling. */
export type AddressPolicy = (address: string) => boolean;

const specialIPv4 = [
  "0.0.0.0/8", // this host
  "10.0.0.0/8", // private
  "100.64.0.0/10", // carrier-grade NAT, and some clouds' internal networks
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local, metadata services
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
];
const notPublicIPv4 = addressRanges(specialIPv4);

// IANA allocates public IPv6 addresses only from 2000::/3: loopback, link-local, ULA, site-local and multicast lie outside.
const globalUnicast = addressRanges(["2000::/3"]);
const notPublicIPv6 = addressRanges([
  "2001::/23", // protocol assignments: Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, which can embed any IPv4 address
  "3fff::/20", // documentation
]);

// Networks without IPv4 reach public IPv4 addresses through NAT64 (RFC 6052): the embedded address decides.
const nat64 = addressRanges(["64:ff9b::/96"]);
const nat64NotPublic = addressRanges(
  specialIPv4.map((range) => {
    const [address, bits] = range.split("/");
    return `64:ff9b::${address}/${96 + Number(bits)}`;
  }),
);

/**
 * Allows public addresses, and those in `alsoAllowed`, a list of addresses and CIDR networks.
 *
 * @throws {RangeError} that names the first invalid entry.
 */
export function addressPolicy(alsoAllowed: readonly string[]): AddressPolicy {
  const isAllowed = addressRanges(alsoAllowed);
  return function mayConnect(text) {
    const address = normalAddress(text);
    return address !== undefined && (isPublic(address) || isAllowed(address));
  };
}

function isPublic(address: string): boolean {
  if (!address.includes(":")) return !notPublicIPv4(address);
  if (nat64(address)) return !nat64NotPublic(address);
  return globalUnicast(address) && !notPublicIPv6(address);
}
