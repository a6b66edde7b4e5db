// Resolves the host names of outbound calls. Avoids getaddrinfo, which runs on a few threads that the whole process shares: a
// handful of names that clients chose and whose DNS servers never answer would block the database, the log and everything else.
// Lookups here use no threads, are limited in number, and end with the calls that wait for them.
// cacheable-lookup, the usual choice, falls back to getaddrinfo for names that DNS does not know, and can't be cancelled.
import { promises as dns, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { CachedFile } from "./cached-file.ts";
import { LookupError, resolve } from "./dns-lookup.ts";
import { candidates, parseHosts, parseSearch } from "./system-files.ts";

/** Limits of the lookups, and the system files and DNS servers to use. */
export interface NamesOptions {
  /** Time limit of a lookup, its wait for a slot included. */
  limitMs: number;
  /** Maximum lookups at a time; more wait for a slot. Default: 16. */
  concurrency?: number;
  /** DNS servers, such as `127.0.0.1:5353`. Default: those in resolv.conf. */
  servers?: readonly string[] | undefined;
  hostsPath?: string;
  resolvConfPath?: string;
}

interface Lookup {
  name: string;
  result: Promise<LookupAddress[]>;
  settle(outcome: LookupAddress[] | LookupError): void;
  /** Sends the DNS query. */
  start(): void;
}

const loopback: LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** A resolver with a limit on concurrent lookups. Reads the hosts file and resolv.conf as getaddrinfo does. */
export class Names {
  readonly #options: Required<Pick<NamesOptions, "limitMs" | "concurrency">> & NamesOptions;
  readonly #hosts: CachedFile<ReturnType<typeof parseHosts>>;
  readonly #search: CachedFile<ReturnType<typeof parseSearch>>;
  /** By name: connections to the same host that open at the same time share a lookup. */
  readonly #lookups = new Map<string, Lookup>();
  readonly #waiting = new Set<Lookup>();
  #running = 0;
  /** Number of running calls by name. */
  readonly #users = new Map<string, number>();

  constructor(options: NamesOptions) {
    this.#options = { concurrency: 16, ...options };
    this.#hosts = new CachedFile(options.hostsPath ?? "/etc/hosts", parseHosts);
    this.#search = new CachedFile(options.resolvConfPath ?? "/etc/resolv.conf", parseSearch);
  }

  /** Lookups that are running, and those that wait for a slot. */
  get state(): { running: number; waiting: number } {
    return { running: this.#running, waiting: this.#waiting.size };
  }

  /** A `lookup` for `net.connect` and everything built on it. Fails with a {@link LookupError}. */
  readonly lookup: LookupFunction = (hostname, { family, all }, callback) => {
    this.#resolve(hostname.toLowerCase())
      .then((addresses) => {
        const matching = addresses.filter((found) => !(family === 4 || family === 6) || found.family === family);
        const [first] = matching;
        if (first === undefined) throw new LookupError("ENOTFOUND", hostname);
        // Called outside the promise, so that we don't catch what the callback throws.
        process.nextTick(() => (all ? callback(null, matching) : callback(null, first.address, first.family)));
      })
      .catch((error) => process.nextTick(callback, error, ""));
  };

  /** Registers a call that may look up `hostname`. Returns a function that ends it: the last one cancels a pending lookup. */
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
      // Deferred: a call that starts at this very moment shares the lookup instead of seeing it cancelled.
      if (this.#lookups.has(name)) setImmediate(() => this.#abandon(name));
    };
  }

  async #resolve(name: string): Promise<readonly LookupAddress[]> {
    const family = isIP(name);
    if (family !== 0) return [{ address: name, family }];
    const bare = name.replace(/\.$/, "");
    const listed = this.#hosts.get().get(bare);
    if (listed !== undefined) return listed;
    // Must never be sent to DNS (RFC 6761, 6.3).
    if (bare === "localhost" || bare.endsWith(".localhost")) return loopback;
    return (this.#lookups.get(name) ?? this.#startLookup(name)).result;
  }

  #startLookup(name: string): Lookup {
    const { limitMs, concurrency, servers } = this.#options;
    const { promise: result, resolve: succeed, reject } = Promise.withResolvers<LookupAddress[]>();
    const timer = setTimeout(() => lookup.settle(new LookupError("ETIMEOUT", name)), limitMs);
    let resolver: dns.Resolver | undefined;
    const lookup: Lookup = {
      name,
      result,
      start: () => {
        this.#running += 1;
        // One resolver per lookup, so that it can be cancelled alone. The timeout leaves time for a second server.
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
    if (this.#running < concurrency) lookup.start();
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
