// What MYSQL_URL says, all of it: a part that is not understood is refused, since an ignored `ssl-mode` is a connection in
// plain text. The parts are named as the options of MySQL's own clients.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { z } from "zod";

/** Where the database is, and how to reach it. */
export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** A Unix socket, instead of host and port. */
  socketPath?: string;
  /** Absent: plain text. */
  ssl?: TlsOptions;
}

/** For the driver. The certificates and the key are PEM texts. */
export interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
  /** Whether the server's certificate must come from a trusted authority. */
  rejectUnauthorized: boolean;
  /** Whether it must be for this host. */
  verifyIdentity: boolean;
}

const names = ["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socketPath"] as const;
const modes = ["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"] as const;
const partsSchema = z.partialRecord(z.enum(names), z.string());
type Parts = z.output<typeof partsSchema>;

/**
 * Parses `mysql://user:password@host:3306/database?ssl-mode=…`. Reads the files that `ssl-ca`, `ssl-cert` and `ssl-key` name.
 *
 * @throws {RangeError} saying what is wrong, without the password.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  // The URL parser drops tabs and line breaks, in the middle of a password too.
  if (hasControl(text.trim()) || !URL.canParse(text)) throw new RangeError("it is not a valid URL");
  const url = new URL(text);
  if (url.protocol !== "mysql:") throw new RangeError("it does not start with mysql://");
  if (url.hash !== "") throw new RangeError("a # must be written as %23");
  const path = url.pathname.slice(1);
  if (path.includes("/")) throw new RangeError("a / in the password or the database's name must be written as %2F");
  // Without an encoding they would be parts behind the wrong sign, or the rest of a password with a / or a ? in it.
  if (/[&;,=@]/.test(path)) throw new RangeError("parts begin with ?, and & ; , = @ in a name must be percent-encoded");
  const database = decoded(path, "the database's name");
  if (database === "") throw new RangeError("it names no database");
  if (url.search.includes("@"))
    throw new RangeError("a ? in the password must be written as %3F, and an @ in a part as %40");
  const parts = partsOf(url.searchParams);
  const host = url.hostname.replaceAll(/[[\]]/g, "");
  if (host.includes("%")) throw new RangeError("the host holds a character that no host name has");
  if (host === "" && parts.socketPath === undefined) throw new RangeError("it names no host");
  const ssl = tlsOf(parts, host);
  return {
    host,
    port: url.port === "" ? 3306 : Number(url.port),
    user: decoded(url.username, "the user's name"),
    password: decoded(url.password, "the password"),
    database,
    ...(parts.socketPath !== undefined && { socketPath: parts.socketPath }),
    ...(ssl !== undefined && { ssl }),
  };
}

function partsOf(query: URLSearchParams): Parts {
  const given = [...query];
  const unknown = given.find(([name]) => !names.some((known) => known === name));
  if (unknown !== undefined) {
    throw new RangeError(
      `its part ${JSON.stringify(unknown[0].slice(0, 40))} is unknown: there are ${names.join(", ")}`,
    );
  }
  const twice = given.find(([name], index) => given.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined) throw new RangeError(`${twice[0]} is given twice`);
  const empty = given.find(([, value]) => value === "");
  if (empty !== undefined) throw new RangeError(`${empty[0]} is empty`);
  return partsSchema.parse(Object.fromEntries(given));
}

function tlsOf(parts: Parts, host: string): TlsOptions | undefined {
  const asked = parts["ssl-mode"]?.toUpperCase();
  if (asked === "PREFERRED") {
    throw new RangeError("ssl-mode=PREFERRED may silently be plain text: take REQUIRED, VERIFY_CA or VERIFY_IDENTITY");
  }
  const mode = modes.find((known) => known === (asked ?? "DISABLED"));
  if (mode === undefined) throw new RangeError(`ssl-mode is unknown: there are ${modes.join(", ")}`);
  const { "ssl-ca": ca, "ssl-cert": cert, "ssl-key": key } = parts;
  if (mode === "DISABLED") {
    if (ca ?? cert ?? key) throw new RangeError("ssl-ca, ssl-cert and ssl-key need an ssl-mode other than DISABLED");
    return undefined;
  }
  if (mode === "REQUIRED" && ca !== undefined) {
    throw new RangeError("ssl-ca is not looked at with ssl-mode=REQUIRED: take VERIFY_CA or VERIFY_IDENTITY");
  }
  if ((cert === undefined) !== (key === undefined)) throw new RangeError("ssl-cert and ssl-key go together");
  if (parts.socketPath !== undefined) throw new RangeError("socketPath takes no ssl-mode: a socket leaves no machine");
  // The driver would compare the certificate with "localhost" instead of the address.
  if (mode === "VERIFY_IDENTITY" && isIP(host) !== 0) {
    throw new RangeError("ssl-mode=VERIFY_IDENTITY takes a host name, not an address");
  }
  return {
    ...(ca !== undefined && { ca: read(ca, "ssl-ca") }),
    ...(cert !== undefined && { cert: read(cert, "ssl-cert") }),
    ...(key !== undefined && { key: read(key, "ssl-key") }),
    rejectUnauthorized: mode !== "REQUIRED",
    verifyIdentity: mode === "VERIFY_IDENTITY",
  };
}

function read(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new RangeError(`${name} names a file that cannot be read`);
  }
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError(`${what} has a % that must be written as %25`);
  }
}

function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\0-\x1f\x7f]/.test(text);
}
