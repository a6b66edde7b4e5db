// IP addresses and networks as text: normalises addresses and checks whether they are in a network.
import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";

/** The canonical spelling: IPv4-mapped IPv6 as IPv4, IPv6 compressed, no zone. Undefined for anything but an IP address. */
export function normalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const [address = ""] = text.split("%", 1);
  if (isIP(address) !== 6) return isIPv4(address) ? address : undefined;
  const normal = new SocketAddress({ address, family: "ipv6" }).address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(normal)?.[1] ?? normal;
}

/** What counts as one client: an IPv4 address, or the /64 network of an IPv6 address, since one client often has all of it. */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  // `::` stands for groups of zeros. An IPv4 address at the end counts as one group instead of two, but only the first four count.
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === "" ? 0 : tail.split(":").length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill("0"), ...(tail ? tail.split(":") : [])];
  return `${all.slice(0, 4).join(":")}::/64`;
}

/**
 * Returns a predicate: whether an address is in one of `ranges`, which are addresses or CIDR networks such as `10.0.0.0/8`.
 *
 * @throws {RangeError} that names the first invalid range.
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
    // The prefix of an IPv4-mapped network includes the 96 bits before the IPv4 address.
    const prefix = bits === undefined ? width : Number(bits) - (family === "ipv4" && text.includes(":") ? 96 : 0);
    if (bits !== undefined && !/^\d{1,3}$/.test(bits)) throw new RangeError(notARange(range));
    if (prefix < 0 || prefix > width) throw new RangeError(notARange(range));
    list.addSubnet(address, prefix, family);
  }
  return (address) => list.check(address, address.includes(":") ? "ipv6" : "ipv4");
}

function notARange(range: string): string {
  return `${JSON.stringify(range)} is not an address or CIDR network`;
}
