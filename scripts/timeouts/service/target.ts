// Checks that the target may be loaded and is reachable.
import { connect } from "node:net";
import { UsageError } from "../command/usage-error.ts";

const connectTimeoutMs = 3000;

/** Load on a service whose owner did not ask for it is an attack, so another host needs --allow-remote. */
export function checkAllowed(url: URL, allowRemote: boolean): void {
  if (allowRemote || isLoopback(url.hostname)) return;
  throw new UsageError(`--url: ${url.hostname} is not this machine; add --allow-remote if you may load it`);
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** A connection is enough: a service that accepts it and never responds is worth measuring. */
export async function checkReachable(url: URL): Promise<void> {
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const socket = connect({ host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port });
  const connected = Promise.withResolvers<void>();
  socket.once("connect", connected.resolve).once("error", connected.reject);
  socket.setTimeout(connectTimeoutMs, () => connected.reject(Object.assign(new Error(), { code: "ETIMEDOUT" })));
  try {
    await connected.promise;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new UsageError(`cannot reach ${url.origin} (${code}): is the service running?`);
  } finally {
    socket.destroy();
  }
}
