// A planned request and its purpose.

/** The webhooks of the generator's automations: one behaves, three do not (see ../webhook.ts). */
export type Hook = "steady" | "slow" | "failing" | "hanging";

/** A request's purpose, with what is needed to learn from its response (memory.ts). */
export type Purpose =
  | { readonly kind: "list" | "cached" | "read" | "update" | "mistake" }
  | { readonly kind: "create"; readonly hook?: Hook }
  | { readonly kind: "delete"; readonly id: number }
  | { readonly kind: "run"; readonly id: number; readonly hook: Hook };

export type Planned = {
  readonly purpose: Purpose;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** Whether to send the API key. */
  readonly authorized: boolean;
  readonly etag?: string;
  readonly body?: object;
};

export const automations = "/api/automations";

/** A GET without the API key. */
export function get(purpose: Purpose, path: string): Planned {
  return { purpose, method: "GET", path, authorized: false };
}

/** Creates an automation; with `hook`, one that calls it. */
export function creation(category: string, webhookUrl: string, hook?: Hook): Planned {
  const name = `Traffic generator: ${hook ?? "spare"}`;
  const body = { name, description: "Created by the traffic generator, which removes it again.", category, webhookUrl };
  const purpose: Purpose = hook ? { kind: "create", hook } : { kind: "create" };
  return { purpose, method: "POST", path: automations, authorized: true, body };
}

/** Deletes one of its own automations. */
export function deletion(id: number): Planned {
  return { purpose: { kind: "delete", id }, method: "DELETE", path: `${automations}/${id}`, authorized: true };
}
