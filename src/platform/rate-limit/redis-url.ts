// What a Valkey or Redis URL says, read here and not by ioredis: that takes any query part for an option of its own, over
// ours too, and connects to REDISS:// in plain text.

export interface RedisAddress {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db?: number;
  /** 4 or 6; 0 for either. */
  family?: number;
  /** With `rediss:`: certificate and name are checked as Node does. */
  tls?: object;
}

/**
 * Reads `redis://user:password@host:6379/0?family=6`, or `rediss://…` for TLS.
 *
 * @throws {RangeError} for an unknown part, a part that is given twice, or one that is malformed; without its value.
 */
export function redisAddress(text: string): RedisAddress {
  if (!URL.canParse(text)) throw new RangeError("it is not a valid URL");
  const { protocol, hostname, port, username, password, pathname, searchParams, hash } = new URL(text);
  const db = /^\/(\d{0,5})$/.exec(pathname || "/")?.[1];
  if (!/^rediss?:$/.test(protocol) || hostname === "" || hash !== "" || db === undefined) {
    throw new RangeError("it needs redis: or rediss:, a host, and at most the number of a database");
  }
  const parts = Object.fromEntries(searchParams);
  const { family, ...unknown } = parts;
  const [other] = Object.keys(unknown);
  if (other !== undefined)
    throw new RangeError(`its part ${JSON.stringify(other.slice(0, 40))} is unknown: there is family`);
  if (searchParams.size > 1 || (family !== undefined && !/^[046]$/.test(family)))
    throw new RangeError("family is 0, 4 or 6, given once");
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? 6379 : Number(port),
    ...(username !== "" && { username: decoded(username) }),
    ...(password !== "" && { password: decoded(password) }),
    ...(db !== "" && { db: Number(db) }),
    ...(family !== undefined && { family: Number(family) }),
    ...(protocol === "rediss:" && { tls: {} }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError("the name or the password has a % that must be written as %25");
  }
}
