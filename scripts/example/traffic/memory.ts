// What the traffic generator remembers from responses for later requests: next pages, ETags, and the automations that it created
// (and must remove).
import type { Hook, Planned } from "./planned.ts";

export type Memory = {
  /** Paths of next pages, oldest first. */
  readonly nextPages: string[];
  /** The last ETag of each cached path. */
  readonly etags: Map<string, string>;
  /** Ids seen in lists, oldest first. */
  readonly seen: number[];
  /** The automation that calls each hook. */
  readonly hooked: Map<Hook, number>;
  /** Its own automations, to change and delete. */
  readonly spares: number[];
  /** All automations that it has created and not deleted. */
  readonly created: Set<number>;
};

export type Answer = { readonly status: number; readonly etag: string | null; readonly body: unknown };

const remembered = 50;

export function emptyMemory(): Memory {
  return { nextPages: [], etags: new Map(), seen: [], hooked: new Map(), spares: [], created: new Set() };
}

/** Remembers what later requests can use from the response to `planned`. */
export function learn(memory: Memory, { purpose, path }: Planned, { status, etag, body }: Answer): void {
  if (purpose.kind === "list" && status === 200) {
    push(memory.seen, ids(body));
    const cursor = field(body, "nextCursor");
    if (typeof cursor === "string") push(memory.nextPages, [withCursor(path, cursor)]);
  } else if (purpose.kind === "cached" && status === 200 && etag) {
    if (memory.etags.size >= remembered) memory.etags.clear();
    memory.etags.set(path, etag);
  } else if (purpose.kind === "create" && status === 201) {
    const id = field(body, "id");
    if (typeof id !== "number") return;
    memory.created.add(id);
    if (purpose.hook) memory.hooked.set(purpose.hook, id);
    else memory.spares.push(id);
  } else if (purpose.kind === "delete" && (status === 204 || status === 404)) {
    memory.created.delete(purpose.id);
  } else if (purpose.kind === "run" && status === 404) {
    // The service has a new database: the next plan creates the automation again.
    memory.created.delete(purpose.id);
    memory.hooked.delete(purpose.hook);
  }
}

function push<T>(list: T[], more: readonly T[]): void {
  list.push(...more);
  list.splice(0, Math.max(0, list.length - remembered));
}

function ids(body: unknown): number[] {
  const items = field(body, "items");
  if (!Array.isArray(items)) return [];
  return items.map((item) => field(item, "id")).filter((id) => typeof id === "number");
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function withCursor(path: string, cursor: string): string {
  const [route, query] = path.split("?");
  const parameters = new URLSearchParams(query);
  parameters.set("cursor", cursor);
  return `${route}?${parameters}`;
}
