// Looks up the names of outbound calls. Not by getaddrinfo, whose few threads are shared by the process: a handful of names
// that strangers chose and whose servers never answer would keep the database, the log and everybody else from them.
// Here look-ups take no thread, are few at a time, and end with the calls that wait for them.
// cacheable-lookup, the usual choice, falls back to getaddrinfo for names that DNS does not know, and can't be cancelled.
import { promises as dns, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { ParsedFile } from "./parsed-file.ts";
import { LookupError, resolve } from "./resolve.ts";
import { candidates, parseHosts, parseSearch } from "./system-files.ts";

export interface NamesOptions {
  /** The longest that one look-up may take, its wait for a slot included. */
  limitMs: number;
  /** Most look-ups at a time; more wait. Default: 16. */
  most?: number;
  /** DNS servers, as `127.0.0.1:5353`. Default: those of resolv.conf. */
  servers?: readonly string[] | undefined;
  hostsPath?: string;
  resolvConfPath?: string;
}

interface Lookup {
  name: string;
  result: Promise<LookupAddress[]>;
  settle(outcome: LookupAddress[] | LookupError): void;
  /** Asks DNS. */
  start(): void;
}

const loopback: LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

export class Names {
  readonly #options: Required<Pick<NamesOptions, "limitMs" | "most">> & NamesOptions;
  readonly #hosts: ParsedFile<ReturnType<typeof parseHosts>>;
  readonly #search: ParsedFile<ReturnType<typeof parseSearch>>;
  /** By name: connections to one origin that open together share a look-up. */
  readonly #lookups = new Map<string, Lookup>();
  readonly #waiting = new Set<Lookup>();
  #running = 0;
  /** How many calls may still want the address of a name. */
  readonly #users = new Map<string, number>();

  constructor(options: NamesOptions) {
    this.#options = { most: 16, ...options };
    this.#hosts = new ParsedFile(options.hostsPath ?? "/etc/hosts", parseHosts);
    this.#search = new ParsedFile(options.resolvConfPath ?? "/etc/resolv.conf", parseSearch);
  }

  /** Look-ups that ask DNS now, and those that wait for a slot. */
  get state(): { running: number; waiting: number } {
    return { running: this.#running, waiting: this.#waiting.size };
  }

  /** For `net.connect` and those on top of it. Fails with a {@link LookupError}. */
  readonly lookup: LookupFunction = (hostname, { family, all }, callback) => {
    this.#addressesOf(hostname.toLowerCase())
      .then((found) => {
        const wanted = found.filter((one) => !(family === 4 || family === 6) || one.family === family);
        const [first] = wanted;
        if (first === undefined) throw new LookupError("ENOTFOUND", hostname);
        // Out of the promise: what the callback throws is not ours.
        process.nextTick(() => (all ? callback(null, wanted) : callback(null, first.address, first.family)));
      })
      .catch((error) => process.nextTick(callback, error, ""));
  };

  /** Says that a call may look up `hostname` until it calls what this returns: then nobody waits for the answer any more. */
  use(hostname: string): () => void {
    const name = hostname.toLowerCase();
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    return () => {
      const left = (this.#users.get(name) ?? 1) - 1;
      if (left > 0) {
        this.#users.set(name, left);
        return;
      }
      this.#users.delete(name);
      // A call that comes in this very moment shares the look-up instead of its end.
      if (this.#lookups.has(name)) setImmediate(() => this.#abandon(name));
    };
  }

  async #addressesOf(name: string): Promise<readonly LookupAddress[]> {
    const family = isIP(name);
    if (family !== 0) return [{ address: name, family }];
    const bare = name.replace(/\.$/, "");
    const known = this.#hosts.get().get(bare);
    if (known !== undefined) return known;
    // Never a question for DNS (RFC 6761, 6.3).
    if (bare === "localhost" || bare.endsWith(".localhost")) return loopback;
    return (this.#lookups.get(name) ?? this.#begin(name)).result;
  }

  #begin(name: string): Lookup {
    const { limitMs, most, servers } = this.#options;
    const { promise: result, resolve: succeed, reject } = Promise.withResolvers<LookupAddress[]>();
    const timer = setTimeout(() => lookup.settle(new LookupError("ETIMEOUT", name)), limitMs);
    let resolver: dns.Resolver | undefined;
    const lookup: Lookup = {
      name,
      result,
      start: () => {
        this.#running += 1;
        // Of its own, so that it can be cancelled alone. A server that is silent leaves time for the next one.
        resolver = new dns.Resolver({ timeout: Math.max(1, Math.floor(limitMs / 2)), tries: 2 });
        if (servers !== undefined) resolver.setServers(servers);
        resolve(resolver, candidates(name, this.#search.get())).then(lookup.settle, (error: unknown) =>
          lookup.settle(error instanceof LookupError ? error : new LookupError("EFAIL", name)),
        );
      },
      settle: (outcome) => {
        if (this.#lookups.get(name) !== lookup) return;
        clearTimeout(timer);
        this.#lookups.delete(name);
        this.#waiting.delete(lookup);
        if (outcome instanceof LookupError) reject(outcome);
        else succeed(outcome);
        if (resolver === undefined) return;
        resolver.cancel();
        this.#running -= 1;
        this.#startNext();
      },
    };
    this.#lookups.set(name, lookup);
    if (this.#running < most) lookup.start();
    else this.#waiting.add(lookup);
    return lookup;
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next.start();
  }

  #abandon(name: string): void {
    if (!this.#users.has(name)) this.#lookups.get(name)?.settle(new LookupError("ECANCELLED", name));
  }
}
