// Whose request this is, as an address: the basis of limits by address. A header that anyone can write is believed only
// as far as our own proxies wrote it.
import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";

interface Incoming {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** The address of a connection that is already gone: such requests share one. */
const gone = "0.0.0.0";

/**
 * The client's address, normalised by {@link normalAddress}, behind `trustedProxies` proxies that each append to
 * `X-Forwarded-For`: the entry that the outermost of them wrote, the n-th from the right. Entries further left are the
 * client's own words and never read. A header with fewer entries, or with something else at that place, did not come
 * through all proxies: then the connection's own address counts.
 */
export function clientAddress(request: Incoming, trustedProxies: number): string {
  const peer = normalAddress(request.socket.remoteAddress ?? gone) ?? gone;
  if (trustedProxies === 0) return peer;
  const entry = String(request.headers["x-forwarded-for"] ?? "")
    .split(",")
    .at(-trustedProxies);
  return (entry === undefined ? undefined : normalAddress(withoutPort(entry.trim()))) ?? peer;
}

export type Scheme = "http" | "https";

/**
 * How the client reached the outermost of the `trustedProxies`, by `X-Forwarded-Proto`. Proxies that append wrote the last
 * entries, as for the address; many overwrite the header instead, and then there is one. Anything but https counts as http, and
 * so does a request that came through no proxy.
 */
export function clientScheme({ headers }: Pick<Incoming, "headers">, trustedProxies: number): Scheme {
  if (trustedProxies === 0) return "http";
  const entries = String(headers["x-forwarded-proto"] ?? "").split(",");
  const entry = entries.at(-Math.min(trustedProxies, entries.length)) ?? "";
  return entry.trim().toLowerCase() === "https" ? "https" : "http";
}

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

/** `192.0.2.1:443` and `[2001:db8::1]:443`, as some proxies write them. */
function withoutPort(entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;
}
