// Which addresses may be called when a client of ours wrote the URL: those of the public internet. Anything else would let
// it reach what only this machine or its network can, such as a cloud's metadata service (server-side request forgery).
// The ranges are those of IANA's special-purpose registries (RFC 6890) that are not globally reachable.
import { addressRanges, normalAddress } from "../ip-address.ts";

/** Tells whether an address, in any spelling, may be connected to. */
export type AddressPolicy = (address: string) => boolean;

const specialIPv4 = [
  "0.0.0.0/8", // this host
  "10.0.0.0/8", // private
  "100.64.0.0/10", // carrier-grade NAT, and the inside of some clouds
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

// Of IPv6 only 2000::/3 is given out at all: loopback, link-local, ULA, site-local, multicast and the rest lie outside.
const globalUnicast = addressRanges(["2000::/3"]);
const notPublicIPv6 = addressRanges([
  "2001::/23", // protocol assignments: Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, which carries any IPv4 address
  "3fff::/20", // documentation
]);

// NAT64 (RFC 6052) is how a network without IPv4 reaches public IPv4 addresses: what counts is the address inside.
const nat64 = addressRanges(["64:ff9b::/96"]);
const nat64NotPublic = addressRanges(
  specialIPv4.map((range) => {
    const [address, bits] = range.split("/");
    return `64:ff9b::${address}/${96 + Number(bits)}`;
  }),
);

/**
 * Allows public addresses, and those in `alsoAllowed`: addresses or CIDR networks.
 *
 * @throws {RangeError} naming the first of them that is none.
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
