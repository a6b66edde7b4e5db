// The connection pool of outbound calls, in a separate file so that undici loads with the first call and not at startup.
import { Agent } from "undici";
import { type ConnectorOptions, guardedConnector } from "./connector.ts";

/** Idle connections close after this, whatever the server's keep-alive says: those to many origins would add up. */
const keepAliveMs = 4000;

/** An agent with at most `connections` per origin, and none to addresses that `mayConnect` refuses. */
export function openAgent({ connections, ...options }: ConnectorOptions & { connections: number }): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    connect: guardedConnector(options),
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    // Off: the call's own time limit covers both.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
