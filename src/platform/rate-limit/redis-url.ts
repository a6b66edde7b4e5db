// Parses a Valkey or Redis URL. ioredis would take every query parameter as an option, overriding ours, and connect to
// REDISS:// in plain text.

export interface RedisAddress {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db?: number;
  /** 4 or 6; 0 for either. */
  family?: number;
  /** Set for `rediss:`. Node checks the certificate and the host name. */
  tls?: object;
}

/**
 * Parses `redis://user:password@host:6379/0?family=6`, or `rediss://…` for TLS.
 *
 * @throws {RangeError} for an unknown, duplicate or malformed part. The message does not contain its value.
 */
export function redisAddress(text: string): RedisAddress {
  if (!URL.canParse(text)) throw new RangeError("it is not a valid URL");
  const { protocol, hostname, port, username, password, pathname, searchParams, hash } = new URL(text);
  const db = /^\/(\d{0,5})$/.exec(pathname || "/")?.[1];
  if (!/^rediss?:$/.test(protocol) || hostname === "" || hash !== "" || db === undefined) {
    throw new RangeError("it needs redis: or rediss:, a host, and no path other than a database number");
  }
  const parts = Object.fromEntries(searchParams);
  const { family, ...unknown } = parts;
  const [name] = Object.keys(unknown);
  if (name !== undefined)
    throw new RangeError(`its parameter ${JSON.stringify(name.slice(0, 40))} is unknown: only family is supported`);
  if (searchParams.size > 1 || (family !== undefined && !/^[046]$/.test(family)))
    throw new RangeError("family must be 0, 4 or 6 and occur only once");
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
    throw new RangeError("the user name or password has a % that must be written as %25");
  }
}
