// Opens the sockets of outbound calls. The address policy is asked here, about the very address that is connected to: a
// name that was public when somebody looked, and is not any more (DNS rebinding), gets no connection.
import { isIP, type LookupFunction, Socket } from "node:net";
import { buildConnector, errors } from "undici";
import type { AddressPolicy } from "./address-policy.ts";
import { markConnectFailure } from "./connect-failure.ts";
import { DestinationRefused } from "./destination.ts";

export interface ConnectorOptions {
  mayConnect: AddressPolicy;
  /** The longest that name look-up, TCP and TLS may take together. */
  connectTimeoutMs: number;
  /** Finds the addresses of a name. */
  lookup: LookupFunction;
}

/**
 * A connector for undici's dispatchers. Fails with {@link DestinationRefused} when the policy allows none of the addresses
 * of the host, and with undici's ConnectTimeoutError after `connectTimeoutMs`.
 */
export function guardedConnector({ mayConnect, connectTimeoutMs, lookup }: ConnectorOptions): buildConnector.connector {
  const open = buildConnector({
    // undici's own timer for this ticks every half second.
    timeout: 0,
    // One request a connection at a time, so that a connection can be closed for the sake of one.
    allowH2: false,
    lookup: allowedLookup(mayConnect, lookup),
    autoSelectFamily: true,
    // Leaves time for a second address when the first does not answer.
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.floor(connectTimeoutMs / 2)),
  });

  return function connect(options, callback) {
    // An address in the URL is never looked up.
    if (isIP(options.hostname) !== 0 && !mayConnect(options.hostname)) {
      callback(new DestinationRefused("address"), null);
      return;
    }
    let socket: unknown;
    const timer = setTimeout(() => {
      if (socket instanceof Socket) socket.destroy(new errors.ConnectTimeoutError());
    }, connectTimeoutMs);
    // It gives the socket, though its type does not say so.
    socket = open(options, (...result) => {
      clearTimeout(timer);
      if (result[0] !== null) markConnectFailure(result[0]);
      callback(...result);
    });
  };
}

/** Leaves out of what `lookup` finds the addresses that the policy refuses; fails when none is left. */
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
