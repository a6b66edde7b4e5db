// Opens the sockets of outbound calls. Applies the address policy to the very address that it connects to, so that a name that
// resolved to a public address at first and to a private one later (DNS rebinding) gets no connection.
import { isIP, type LookupFunction, Socket } from "node:net";
import { buildConnector, errors } from "undici";
import type { AddressPolicy } from "./address-policy.ts";
import { markConnectFailure } from "./connect-failure.ts";
import { DestinationRefused } from "./destination.ts";

/** Where to connect, and within what time. */
export interface ConnectorOptions {
  mayConnect: AddressPolicy;
  /** Time limit for DNS lookup, TCP and TLS together. */
  connectTimeoutMs: number;
  /** Resolves a name to addresses. */
  lookup: LookupFunction;
}

/**
 * A connector for undici's dispatchers. Fails with {@link DestinationRefused} when the policy allows none of the host's
 * addresses, and with undici's ConnectTimeoutError after `connectTimeoutMs`.
 */
export function guardedConnector({ mayConnect, connectTimeoutMs, lookup }: ConnectorOptions): buildConnector.connector {
  const open = buildConnector({
    // Off: undici's own timer for this only ticks every half second.
    timeout: 0,
    // HTTP/1.1 has one request per connection at a time, so that cancelling a request can close its connection.
    allowH2: false,
    lookup: allowedLookup(mayConnect, lookup),
    autoSelectFamily: true,
    // Leaves time to try a second address when the first does not answer.
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.floor(connectTimeoutMs / 2)),
  });

  return function connect(options, callback) {
    // An IP address in the URL skips the lookup.
    if (isIP(options.hostname) !== 0 && !mayConnect(options.hostname)) {
      callback(new DestinationRefused("address"), null);
      return;
    }
    let socket: unknown;
    const timer = setTimeout(() => {
      if (socket instanceof Socket) socket.destroy(new errors.ConnectTimeoutError());
    }, connectTimeoutMs);
    // It returns the socket, although its type does not say so.
    socket = open(options, (...result) => {
      clearTimeout(timer);
      if (result[0] !== null) markConnectFailure(result[0]);
      callback(...result);
    });
  };
}

/** Removes the addresses that the policy refuses from the results of `lookup`. Fails when none are left. */
function allowedLookup(mayConnect: AddressPolicy, lookup: LookupFunction): LookupFunction {
  return function lookupAllowed(hostname, options, callback) {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error !== null) return callback(error, "");
      const addresses = typeof found === "string" ? [{ address: found, family: family ?? isIP(found) }] : found;
      const allowed = addresses.filter(({ address }) => mayConnect(address));
      const [first] = allowed;
      if (first === undefined) return callback(new DestinationRefused("address"), "");
      return options.all ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}
