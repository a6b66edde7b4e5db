// Parses MYSQL_URL. Rejects parameters that it does not know: an ignored `ssl-mode` would mean an unencrypted connection.
// The parameters have the names of the MySQL clients' options.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { z } from "zod";

/** The database's address, credentials and TLS options. */
export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** A Unix socket, instead of host and port. */
  socketPath?: string;
  /** Without it, the connection is not encrypted. */
  ssl?: TlsOptions;
}

/** The driver's TLS options. Certificates and key in PEM. */
export interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
  /** Whether the server's certificate must come from a trusted CA. */
  rejectUnauthorized: boolean;
  /** Whether the certificate must be issued for this host. */
  verifyIdentity: boolean;
}

const names = ["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socketPath"] as const;
const modes = ["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"] as const;
const parametersSchema = z.partialRecord(z.enum(names), z.string());
type UrlParameters = z.output<typeof parametersSchema>;

/**
 * Parses `mysql://user:password@host:3306/database?ssl-mode=…`. Reads the files named by `ssl-ca`, `ssl-cert` and `ssl-key`.
 *
 * @throws {RangeError} that says what is wrong, without showing the password.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  // The URL parser drops tabs and line breaks, even inside a password.
  if (hasControl(text.trim()) || !URL.canParse(text)) throw new RangeError("it is not a valid URL");
  const url = new URL(text);
  if (url.protocol !== "mysql:") throw new RangeError("it does not start with mysql://");
  if (url.hash !== "") throw new RangeError("a # must be written as %23");
  const path = url.pathname.slice(1);
  if (path.includes("/")) throw new RangeError("a / in the password or the database's name must be written as %2F");
  // Unencoded, these are parameters after the wrong separator, or the rest of a password that contains / or ?.
  if (/[&;,=@]/.test(path))
    throw new RangeError("parameters start with ?, and & ; , = @ in a name must be percent-encoded");
  const database = decoded(path, "the database's name");
  if (database === "") throw new RangeError("it names no database");
  if (url.search.includes("@"))
    throw new RangeError("a ? in the password must be written as %3F, and an @ in a parameter as %40");
  const parameters = readParameters(url.searchParams);
  const host = url.hostname.replaceAll(/[[\]]/g, "");
  if (host.includes("%")) throw new RangeError("the host contains a character that host names cannot have");
  if (host === "" && parameters.socketPath === undefined) throw new RangeError("it names no host");
  const ssl = tlsOptions(parameters, host);
  return {
    host,
    port: url.port === "" ? 3306 : Number(url.port),
    user: decoded(url.username, "the user's name"),
    password: decoded(url.password, "the password"),
    database,
    ...(parameters.socketPath !== undefined && { socketPath: parameters.socketPath }),
    ...(ssl !== undefined && { ssl }),
  };
}

function readParameters(query: URLSearchParams): UrlParameters {
  const given = [...query];
  const unknown = given.find(([name]) => !names.some((known) => known === name));
  if (unknown !== undefined) {
    throw new RangeError(
      `its parameter ${JSON.stringify(unknown[0].slice(0, 40))} is unknown: use ${names.join(", ")}`,
    );
  }
  const duplicate = given.find(([name], index) => given.findIndex(([other]) => other === name) !== index);
  if (duplicate !== undefined) throw new RangeError(`${duplicate[0]} is set twice`);
  const empty = given.find(([, value]) => value === "");
  if (empty !== undefined) throw new RangeError(`${empty[0]} is empty`);
  return parametersSchema.parse(Object.fromEntries(given));
}

function tlsOptions(parameters: UrlParameters, host: string): TlsOptions | undefined {
  const requested = parameters["ssl-mode"]?.toUpperCase();
  if (requested === "PREFERRED") {
    throw new RangeError("ssl-mode=PREFERRED may silently not encrypt: use REQUIRED, VERIFY_CA or VERIFY_IDENTITY");
  }
  const mode = modes.find((known) => known === (requested ?? "DISABLED"));
  if (mode === undefined) throw new RangeError(`ssl-mode is unknown: use ${modes.join(", ")}`);
  const { "ssl-ca": ca, "ssl-cert": cert, "ssl-key": key } = parameters;
  if (mode === "DISABLED") {
    if (ca ?? cert ?? key) throw new RangeError("ssl-ca, ssl-cert and ssl-key need an ssl-mode other than DISABLED");
    return undefined;
  }
  if (mode === "REQUIRED" && ca !== undefined) {
    throw new RangeError("ssl-mode=REQUIRED ignores ssl-ca: use VERIFY_CA or VERIFY_IDENTITY");
  }
  if ((cert === undefined) !== (key === undefined)) throw new RangeError("ssl-cert and ssl-key go together");
  if (parameters.socketPath !== undefined)
    throw new RangeError("socketPath takes no ssl-mode: a socket never leaves the machine");
  // The driver would compare the certificate with "localhost" instead of the address.
  if (mode === "VERIFY_IDENTITY" && isIP(host) !== 0) {
    throw new RangeError("ssl-mode=VERIFY_IDENTITY needs a host name, not an address");
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return /[\0-\x1f\x7f]/.test(text);
}
