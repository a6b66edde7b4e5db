// The address and scheme of the client, for limits and telemetry. Anyone can send X-Forwarded-* headers, so only the entries
// that trusted proxies wrote count.
import type { IncomingHttpHeaders } from "node:http";
import { normalAddress } from "../ip-address.ts";

interface Incoming {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** Stands in for the address of a closed connection; all such requests share it. */
const unknownAddress = "0.0.0.0";

/**
 * The client's address, normalised by {@link normalAddress}. Each of `trustedProxies` proxies appends to `X-Forwarded-For`, so
 * the n-th entry from the right is the one the outermost wrote. Entries further left come from the client and are ignored. A
 * request whose header has fewer entries, or no address there, did not pass through all proxies: it gets the connection's
 * address.
 */
export function clientAddress(request: Incoming, trustedProxies: number): string {
  const peer = normalAddress(request.socket.remoteAddress ?? unknownAddress) ?? unknownAddress;
  if (trustedProxies === 0) return peer;
  const entry = String(request.headers["x-forwarded-for"] ?? "")
    .split(",")
    .at(-trustedProxies);
  return (entry === undefined ? undefined : normalAddress(withoutPort(entry.trim()))) ?? peer;
}

export type Scheme = "http" | "https";

/**
 * The scheme that the client used to reach the outermost of the `trustedProxies`, from `X-Forwarded-Proto`. Proxies that append
 * wrote the last entries, as with the address; many overwrite the header instead, which leaves a single entry. Anything but
 * https counts as http, as does any request without trusted proxies.
 */
export function clientScheme({ headers }: Pick<Incoming, "headers">, trustedProxies: number): Scheme {
  if (trustedProxies === 0) return "http";
  const entries = String(headers["x-forwarded-proto"] ?? "").split(",");
  const entry = entries.at(-Math.min(trustedProxies, entries.length)) ?? "";
  return entry.trim().toLowerCase() === "https" ? "https" : "http";
}

/** Strips the port and brackets that some proxies write: `192.0.2.1:443`, `[2001:db8::1]:443`. */
function withoutPort(entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;
}
