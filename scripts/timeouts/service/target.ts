// Who may be loaded, and whether anyone is there.
import { connect } from "node:net";
import { BadUse } from "../command/bad-use.ts";

const connectWithinMs = 3000;

/** Load is an attack on a service whose owner did not ask for it: a host that is not this machine must be named on purpose. */
export function checkAllowed(url: URL, allowRemote: boolean): void {
  if (allowRemote || isLoopback(url.hostname)) return;
  throw new BadUse(`--url: ${url.hostname} is not this machine; if it is yours to put load on, add --allow-remote`);
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** A connection is enough: a service that takes it and does not answer is one to measure. */
export async function checkReachable(url: URL): Promise<void> {
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const socket = connect({ host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port });
  const connected = Promise.withResolvers<void>();
  socket.once("connect", connected.resolve).once("error", connected.reject);
  socket.setTimeout(connectWithinMs, () => connected.reject(Object.assign(new Error(), { code: "ETIMEDOUT" })));
  try {
    await connected.promise;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new BadUse(`cannot reach ${url.origin} (${code}): is the service running?`);
  } finally {
    socket.destroy();
  }
}
