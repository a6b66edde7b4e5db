// Resolves a name through DNS as getaddrinfo would: queries both address families, and tries the next name of the search list
// when a name does not exist.
import type { LookupAddress, promises } from "node:dns";
import { setTimeout as sleep } from "node:timers/promises";

type Resolver = Pick<promises.Resolver, "resolve4" | "resolve6">;

/** How long to wait for the second family once the first has answered (RFC 8305, section 3): some servers never answer AAAA. */
const resolutionDelayMs = 50;
const maxAddresses = 32;

/** A failed lookup. `code` is one of c-ares' codes, such as ENOTFOUND, ESERVFAIL, ETIMEOUT or ECANCELLED. */
export class LookupError extends Error {
  override name = "LookupError";
  readonly syscall = "lookup";
  readonly code: string;
  readonly hostname: string;

  constructor(code: string, hostname: string) {
    super(`lookup ${code} ${hostname}`);
    this.code = code;
    this.hostname = hostname;
  }
}

/**
 * Returns the addresses of the first of `names` that has any, IPv4 first: networks with only one family mostly have IPv4.
 *
 * @throws {LookupError} for the last name: ENOTFOUND, or ESERVFAIL when a query failed. Any other failure ends the search.
 */
export async function resolve(resolver: Resolver, names: readonly string[]): Promise<LookupAddress[]> {
  let failed = false;
  for (const name of names) {
    const { addresses, code } = await query(resolver, name);
    if (addresses.length > 0) return addresses.slice(0, maxAddresses);
    if (code === "ESERVFAIL") failed = true;
    else if (code !== "ENOTFOUND") throw new LookupError(code, name);
  }
  throw new LookupError(failed ? "ESERVFAIL" : "ENOTFOUND", names.at(-1) ?? "");
}

async function query(resolver: Resolver, name: string): Promise<{ addresses: LookupAddress[]; code: string }> {
  const found: Record<4 | 6, LookupAddress[]> = { 4: [], 6: [] };
  const codes = new Set<string>();
  const ask = async (family: 4 | 6): Promise<boolean> => {
    try {
      const addresses = await (family === 4 ? resolver.resolve4(name) : resolver.resolve6(name));
      found[family] = addresses.map((address) => ({ address, family }));
    } catch (error) {
      codes.add(codeOf(error));
    }
    return found[family].length > 0;
  };
  const both = [ask(4), ask(6)];
  const all = Promise.all(both);
  if (await Promise.race(both)) await Promise.race([all, sleep(resolutionDelayMs, undefined, { ref: false })]);
  else await all;
  // Not found only when both families say so.
  const [code = "ENOTFOUND"] = [...codes].filter((other) => other !== "ENOTFOUND");
  return { addresses: [...found[4], ...found[6]], code };
}

/** A name that exists without addresses (ENODATA) counts as not found. */
function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code !== "ENODATA" ? code : "ENOTFOUND";
}
