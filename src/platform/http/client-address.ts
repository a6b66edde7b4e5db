// Whose request this is, as an address: the basis of limits by address. A header that anyone can write is believed only
// as far as our own proxies wrote it.
import type { IncomingHttpHeaders } from "node:http";
import { normalAddress } from "../ip-address.ts";

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

/** `192.0.2.1:443` and `[2001:db8::1]:443`, as some proxies write them. */
function withoutPort(entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;
}
