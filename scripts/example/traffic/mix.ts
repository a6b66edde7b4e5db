// Chooses the next request: a mix like a marketplace's (mostly reads, some cached), with slow requests, errors and refusals for
// the dashboards. No I/O here.
import type { Memory } from "./memory.ts";
import { automations, creation, deletion, get, type Hook, type Planned } from "./planned.ts";

/** What the choice depends on. `random` returns numbers in [0, 1), like Math.random. */
export type Context = { readonly random: () => number; readonly memory: Memory; readonly webhooks: string };

type Plan = (context: Context) => Planned;

const marketplace = "/api/automations/marketplace";
const cachedMarketplace = "/api/optimized/automations/marketplace";
const categories = ["communication", "crm", "data", "developer-tools", "finance", "marketing", "sales", "support"];
const sorts = ["popular", "newest", "rating"];
const words = ["report", "invoice", "sync", "lead", "daily", "alert", "customer", "backup"];

/** Limit of its own automations to change and delete; above it, it deletes instead of creating. */
const maxSpares = 20;

/** The mix: requests of each kind, in percent. */
export const mix: readonly (readonly [weight: number, plan: Plan])[] = [
  [35, list],
  [8, nextPage],
  [22, cached],
  [10, read],
  [4, create],
  [3, update],
  [3, remove],
  [4, run("steady")],
  [3, run("slow")],
  [1.5, run("failing")],
  [1.5, run("hanging")],
  [5, mistake],
];

/** Returns the next request, and removes from the memory what it uses up: a next page, an automation to delete. */
export function plan(context: Context): Planned {
  const total = mix.reduce((sum, [weight]) => sum + weight, 0);
  let point = context.random() * total;
  for (const [weight, kind] of mix) {
    point -= weight;
    if (point < 0) return kind(context);
  }
  return list(context);
}

function list({ random }: Context): Planned {
  const query = new URLSearchParams({ sort: pick(sorts, random) });
  if (random() < 0.6) query.set("category", pick(categories, random));
  if (random() < 0.25) query.set("search", pick(words, random));
  if (random() < 0.2) query.set("limit", pick(["5", "50", "100"], random));
  // Rare, because counting is what makes lists slow.
  if (random() < 0.05) query.set("count", "true");
  return get({ kind: "list" }, `${marketplace}?${query}`);
}

function nextPage(context: Context): Planned {
  const path = context.memory.nextPages.pop();
  return path ? get({ kind: "list" }, path) : list(context);
}

/** Few different queries, so that most responses come from the cache; half of them are conditional. */
function cached({ random, memory }: Context): Planned {
  const path = `${cachedMarketplace}?category=${pick(categories.slice(0, 3), random)}`;
  const etag = memory.etags.get(path);
  const planned = get({ kind: "cached" }, path);
  return etag && random() < 0.5 ? { ...planned, etag } : planned;
}

function read(context: Context): Planned {
  const { random, memory } = context;
  if (memory.seen.length === 0) return list(context);
  return { ...get({ kind: "read" }, `${automations}/${pick(memory.seen, random)}`), authorized: true };
}

function create({ random, memory, webhooks }: Context): Planned {
  const spare = memory.spares.length >= maxSpares ? memory.spares.shift() : undefined;
  return spare === undefined ? creation(pick(categories, random), `${webhooks}/steady`) : deletion(spare);
}

function update(context: Context): Planned {
  const { random, memory } = context;
  if (memory.spares.length === 0) return create(context);
  const path = `${automations}/${pick(memory.spares, random)}`;
  const body = { description: `Changed by the traffic generator to ${pick(words, random)}` };
  return { purpose: { kind: "update" }, method: "PATCH", path, authorized: true, body };
}

function remove(context: Context): Planned {
  const id = context.memory.spares.shift();
  return id === undefined ? create(context) : deletion(id);
}

function run(hook: Hook): Plan {
  return ({ random, memory, webhooks }) => {
    const id = memory.hooked.get(hook);
    if (id === undefined) return creation(pick(categories, random), `${webhooks}/${hook}`, hook);
    return { purpose: { kind: "run", id, hook }, method: "POST", path: `${automations}/${id}/runs`, authorized: true };
  };
}

/** Client mistakes: 404 twice, 400 twice, 401. */
function mistake({ random }: Context): Planned {
  const wrong = get({ kind: "mistake" }, `${automations}/1`);
  const mistakes: readonly Planned[] = [
    { ...wrong, path: "/api/automation" },
    { ...wrong, path: `${automations}/999999999`, authorized: true },
    { ...wrong, path: `${marketplace}?sort=cheapest&limit=1000` },
    { ...wrong, path: automations, method: "POST", authorized: true, body: { name: "" } },
    wrong,
  ];
  return pick(mistakes, random);
}

function pick<T>(from: readonly T[], random: () => number): T {
  const picked = from[Math.floor(random() * from.length)];
  if (picked === undefined) throw new RangeError("nothing to pick from");
  return picked;
}
