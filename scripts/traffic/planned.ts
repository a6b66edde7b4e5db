// A request that is about to be sent, and what it is for.

/** The webhooks that the generator's automations call: one behaves, three do not (see ../webhook.ts). */
export type Hook = "steady" | "slow" | "failing" | "hanging";

/** What a request is for, with what is needed to learn from its answer (memory.ts). */
export type Purpose =
  | { readonly kind: "list" | "cached" | "read" | "update" | "mistake" }
  | { readonly kind: "create"; readonly hook?: Hook }
  | { readonly kind: "delete"; readonly id: number }
  | { readonly kind: "run"; readonly id: number; readonly hook: Hook };

export type Planned = {
  readonly purpose: Purpose;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** Whether it carries the API key. */
  readonly authorized: boolean;
  readonly etag?: string;
  readonly body?: object;
};

export const automations = "/api/automations";

/** A request that needs no API key. */
export function get(purpose: Purpose, path: string): Planned {
  return { purpose, method: "GET", path, authorized: false };
}

/** Makes an automation of its own; with `hook`, the one that calls this hook. */
export function creation(category: string, webhookUrl: string, hook?: Hook): Planned {
  const name = `Traffic generator: ${hook ?? "spare"}`;
  const body = { name, description: "Made by the traffic generator, which removes it again.", category, webhookUrl };
  const purpose: Purpose = hook ? { kind: "create", hook } : { kind: "create" };
  return { purpose, method: "POST", path: automations, authorized: true, body };
}

/** Removes one of its own automations. */
export function deletion(id: number): Planned {
  return { purpose: { kind: "delete", id }, method: "DELETE", path: `${automations}/${id}`, authorized: true };
}
