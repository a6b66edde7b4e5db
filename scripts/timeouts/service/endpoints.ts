// What to ask the service for, when that is not said: what its own /metrics names and needs no parameters.
import { z } from "zod";
import type { Arguments } from "../command/arguments.ts";
import type { Endpoint } from "../load/load-figures.ts";

const metricsSchema = z.object({ endpoints: z.record(z.string(), z.unknown()) });
/** The example's, which /metrics does not name before somebody has asked for them. */
const ofTheExample = ["/api/automations/marketplace", "/api/optimized/automations/marketplace"];
const patienceMs = 3000;

export interface Found {
  endpoints: Endpoint[];
  /** Names of those that were left out, as they ask for credentials. */
  locked: string[];
}

type Asked = Pick<Arguments, "url" | "adminUrl" | "headers">;

/** Of a URL with a path, that alone; of a service without such metrics, too. */
export async function findEndpoints({ url, adminUrl, headers }: Asked): Promise<Found> {
  const own: Found = { endpoints: [endpointOf(url.pathname + url.search)], locked: [] };
  if (url.pathname !== "/" || url.search !== "") return own;
  const named = await namedByMetrics(adminUrl.origin);
  if (named === undefined) return own;
  const paths = [...new Set([...named, ...ofTheExample])];
  const statuses = await Promise.all(paths.map((path) => statusOf(url.origin + path, headers)));
  const found: Found = { endpoints: [], locked: [] };
  for (const [index, path] of paths.entries()) {
    const status = statuses[index];
    if (status === 401 || status === 403) found.locked.push(`GET ${path}`);
    else if (status !== 404) found.endpoints.push(endpointOf(path));
  }
  return found.endpoints.length > 0 ? found : { ...own, locked: found.locked };
}

function endpointOf(path: string): Endpoint {
  return { name: `GET ${path}`, method: "GET", path };
}

/** Paths of GET routes without parameters, but for its own. Undefined when it has no such metrics. */
async function namedByMetrics(origin: string): Promise<string[] | undefined> {
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const response = await fetch(`${origin}/metrics`, {
      headers: { accept: "application/json" },
      signal,
      redirect: "manual",
    });
    const { endpoints } = metricsSchema.parse(await response.json());
    const paths = Object.keys(endpoints).map((name) => /^GET (\/[^{}\s]*)$/.exec(name)?.[1] ?? "");
    return paths.filter((path) => path !== "" && !/^\/(health|metrics)(\/|$)/.test(path));
  } catch {
    return undefined;
  }
}

/** Undefined without an answer in time: such an endpoint is one to measure. */
async function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(patienceMs), redirect: "manual" });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}
