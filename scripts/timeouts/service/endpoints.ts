// Discovers the endpoints to load: those in the service's /metrics that need no parameters. /metrics lists a route from its first
// request on.
import { z } from "zod";
import type { Arguments } from "../command/arguments.ts";
import { UsageError } from "../command/usage-error.ts";
import type { Endpoint } from "../load/load-figures.ts";

const metricsSchema = z.object({ endpoints: z.record(z.string(), z.unknown()) });
/** Not what a service is for. */
const notMeasured = /^\/(health|metrics|faults|api\/faults)(\/|$)/;
const timeoutMs = 3000;

export interface Found {
  endpoints: Endpoint[];
  /** Names of endpoints that were skipped because they need credentials. */
  locked: string[];
}

type Options = Pick<Arguments, "url" | "adminUrl" | "headers">;

/**
 * For a URL with a path, or a service without such metrics: only the URL's own path.
 *
 * @throws {UsageError} when the metrics name no endpoint that can be loaded.
 */
export async function findEndpoints({ url, adminUrl, headers }: Options): Promise<Found> {
  const own: Found = { endpoints: [endpointOf(url.pathname + url.search)], locked: [] };
  if (url.pathname !== "/" || url.search !== "") return own;
  const paths = await pathsFromMetrics(adminUrl.origin);
  if (paths === undefined) return own;
  const statuses = await Promise.all(paths.map((path) => statusOf(url.origin + path, headers)));
  const found: Found = { endpoints: [], locked: [] };
  for (const [index, path] of paths.entries()) {
    const status = statuses[index];
    if (status === 401 || status === 403) found.locked.push(`GET ${path}`);
    else if (status !== 404) found.endpoints.push(endpointOf(path));
  }
  if (found.endpoints.length === 0) throw new UsageError(nothingFound(adminUrl.origin, found.locked));
  return found;
}

function nothingFound(origin: string, locked: readonly string[]): string {
  if (locked.length > 0) return `every endpoint found needs --token or --api-key: ${locked.join(", ")}`;
  return `${origin}/metrics names no GET route without parameters yet: request one first, or name one with --endpoint`;
}

function endpointOf(path: string): Endpoint {
  return { name: `GET ${path}`, method: "GET", path };
}

/** Paths of GET routes without parameters, except {@link notMeasured}. Undefined without such metrics. */
async function pathsFromMetrics(origin: string): Promise<string[] | undefined> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`${origin}/metrics`, {
      headers: { accept: "application/json" },
      signal,
      redirect: "manual",
    });
    const { endpoints } = metricsSchema.parse(await response.json());
    const paths = Object.keys(endpoints).map((name) => /^GET (\/[^{}\s]*)$/.exec(name)?.[1] ?? "");
    return paths.filter((path) => path !== "" && !notMeasured.test(path));
  } catch {
    return undefined;
  }
}

/** Undefined when it does not respond in time: such an endpoint is worth measuring. */
async function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs), redirect: "manual" });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}
