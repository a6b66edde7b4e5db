// The connections of outbound calls. A file of its own, so that undici is loaded with the first call and not at the start.
import { Agent } from "undici";
import { type ConnectorOptions, guardedConnector } from "./connector.ts";

/** A kept connection is closed after this, whatever the other side offers: idle ones to many origins would add up. */
const keepAliveMs = 4000;

/** An agent with at most so many `connections` to one origin, and nowhere that `mayConnect` refuses. */
export function openAgent({ connections, ...options }: ConnectorOptions & { connections: number }): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    connect: guardedConnector(options),
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    // The time limit of the call covers both.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
