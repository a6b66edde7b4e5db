// The callers of the service. Each has its own address (as seen through a proxy) and subject, so that limits tell them apart.
import { signDevelopmentToken } from "../../src/platform/auth/development-token.ts";
import { secret } from "../support/helper.ts";

export interface Caller {
  headers: Record<string, string>;
}

/** Creates caller `number`, from 1 to 250. */
export async function caller(number: number): Promise<Caller> {
  const signing = { secret, issuer: "koa-service-template", audience: "koa-service-template" };
  const token = await signDevelopmentToken(signing, { subject: `caller-${number}`, ttlS: 3600 });
  return { headers: { authorization: `Bearer ${token}`, "x-forwarded-for": `198.51.100.${number}` } };
}

export const marketplace = "/api/fixture/items";

/** Creates an automation and returns its path. */
export async function createAutomation(url: string, { headers }: Caller, url: string): Promise<string> {
  const response = await fetch(`${url}/api/fixture/items`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ name: "mine", category: "data", url }),
  });
  const location = response.headers.get("location");
  if (location === null) throw new Error(`no automation was created: ${response.status}`);
  return location;
}
