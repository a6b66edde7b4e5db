// IP addresses and networks as text: one spelling for each, and whether one is in a network.
import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";

/** One spelling for each address: IPv4-mapped IPv6 as IPv4, IPv6 compressed, without a zone. Undefined for anything else. */
export function normalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const [address = ""] = text.split("%", 1);
  if (isIP(address) !== 6) return isIPv4(address) ? address : undefined;
  const normal = new SocketAddress({ address, family: "ipv6" }).address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(normal)?.[1] ?? normal;
}

/** What is limited as one client: an IPv4 address, or the /64 network of an IPv6 address, since a client has all of it. */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  // The groups that `::` leaves out are zero; an IPv4 address at the end stands for two groups, all beyond the first four.
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === "" ? 0 : tail.split(":").length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill("0"), ...(tail ? tail.split(":") : [])];
  return `${all.slice(0, 4).join(":")}::/64`;
}

/**
 * Tells whether an address is in one of `ranges`: addresses or CIDR networks such as `10.0.0.0/8` and `::1`.
 *
 * @throws {RangeError} naming the first range that is none.
 */
export function addressRanges(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const range of ranges) {
    const [text = "", bits, ...more] = range.split("/");
    const address = normalAddress(text);
    if (address === undefined || text.includes("%") || more.length > 0) throw new RangeError(notARange(range));
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    const width = family === "ipv4" ? 32 : 128;
    // A mapped network counts its prefix from the IPv6 start.
    const prefix = bits === undefined ? width : Number(bits) - (family === "ipv4" && text.includes(":") ? 96 : 0);
    if (bits !== undefined && !/^\d{1,3}$/.test(bits)) throw new RangeError(notARange(range));
    if (prefix < 0 || prefix > width) throw new RangeError(notARange(range));
    list.addSubnet(address, prefix, family);
  }
  return (address) => list.check(address, address.includes(":") ? "ipv6" : "ipv4");
}

function notARange(range: string): string {
  return `${JSON.stringify(range)} is no address or CIDR network`;
}
