// The callers of the service. Each has its own address (as seen through a proxy) and subject, so that limits tell them apart.
import { z } from "zod";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { signDevelopmentToken } from "../../src/platform/auth/development-token.ts";
import { paths } from "../support/fixture/routes.ts";
import { secret } from "../support/helper.ts";

export interface Caller {
  headers: Record<string, string>;
}

/** Creates caller `number`, from 1 to 250. */
export async function caller(number: number): Promise<Caller> {
  const signing = { secret, issuer: serviceName, audience: serviceName };
  const token = await signDevelopmentToken(signing, { subject: `caller-${number}`, ttlS: 3600 });
  return { headers: { authorization: `Bearer ${token}`, "x-forwarded-for": `198.51.100.${number}` } };
}

/** Creates an item with the URL `target` and returns its path. */
export async function createItem(url: string, { headers }: Caller, target: string): Promise<string> {
  const response = await fetch(url + paths.items, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ name: "mine", url: target }),
  });
  if (response.status !== 201) throw new Error(`no item was created: ${response.status}`);
  return `${paths.items}/${z.object({ id: z.number() }).parse(await response.json()).id}`;
}
