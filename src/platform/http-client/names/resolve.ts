// Asks DNS for the addresses of a name, as getaddrinfo would: both families, and the next name of the search list when there
// is no such name.
import type { LookupAddress, promises } from "node:dns";
import { setTimeout as sleep } from "node:timers/promises";

type Resolver = Pick<promises.Resolver, "resolve4" | "resolve6">;

/** How long the second family may take once the first has answered (RFC 8305, section 3): some servers never answer AAAA. */
const resolutionDelayMs = 50;
const mostAddresses = 32;

/** A name that was not found. `code` is one of c-ares', such as ENOTFOUND, ESERVFAIL, ETIMEOUT or ECANCELLED. */
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
 * The addresses of the first of `names` that has any, IPv4 first: that is the family that networks without the other have.
 *
 * @throws {LookupError} of the last name; ESERVFAIL when one of them could not be answered. Any other failure ends the search.
 */
export async function resolve(resolver: Resolver, names: readonly string[]): Promise<LookupAddress[]> {
  let failed = false;
  for (const name of names) {
    const { addresses, code } = await answerOf(resolver, name);
    if (addresses.length > 0) return addresses.slice(0, mostAddresses);
    if (code === "ESERVFAIL") failed = true;
    else if (code !== "ENOTFOUND") throw new LookupError(code, name);
  }
  throw new LookupError(failed ? "ESERVFAIL" : "ENOTFOUND", names.at(-1) ?? "");
}

async function answerOf(resolver: Resolver, name: string): Promise<{ addresses: LookupAddress[]; code: string }> {
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
  // No such name, or none with an address, only when both say so.
  const [code = "ENOTFOUND"] = [...codes].filter((one) => one !== "ENOTFOUND");
  return { addresses: [...found[4], ...found[6]], code };
}

/** What there is under another type is not there for us. */
function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code !== "ENODATA" ? code : "ENOTFOUND";
}
