// The HTTP API of the automations: each route with its access, its input and its response.
import { createHash } from "node:crypto";
import { idParameters } from "../platform/http/input.ts";
import type { Route } from "../platform/http/types.ts";
import { validate } from "../platform/http/validate.ts";
import { bytesOf, StaleCache, type StaleCacheOptions } from "../platform/request/stale-cache.ts";
import { automationChanges, listQuery, newAutomation } from "./schema.ts";
import type { AutomationService } from "./service.ts";

type MarketplaceCacheOptions = Omit<StaleCacheOptions<CachedPage>, "sizeOf">;

/** A marketplace page in its serialised form, so that a cached response costs no serialisation. */
interface CachedPage {
  json: string;
  etag: string;
}

/** The routes of the automations. Caches the optimized marketplace according to `cacheOptions`. */
export function automationRoutes(service: AutomationService, cacheOptions: MarketplaceCacheOptions): Route[] {
  const cache = new StaleCache<CachedPage>({
    ...cacheOptions,
    sizeOf: ({ json, etag }) => bytesOf(json) + bytesOf(etag),
  });
  const cacheControl = [
    "public",
    `max-age=${seconds(cacheOptions.freshMs)}`,
    `stale-while-revalidate=${seconds(cacheOptions.staleMs)}`,
    `stale-if-error=${seconds(cacheOptions.staleMs)}`,
  ].join(", ");

  return [
    {
      method: "GET",
      path: "/api/automations/marketplace",
      public: true,
      // Shed first under pressure: the cached version below costs almost nothing.
      priority: "low",
      async handle(ctx) {
        ctx.body = await service.list(validate(listQuery, { ...ctx.query }));
      },
    },
    {
      method: "GET",
      path: "/api/optimized/automations/marketplace",
      public: true,
      async handle(ctx) {
        const query = validate(listQuery, { ...ctx.query });
        const { value, ageMs, state } = await cache.get(JSON.stringify(query), async () => {
          const json = JSON.stringify(await service.list(query));
          return { json, etag: createHash("sha256").update(json).digest("base64url").slice(0, 22) };
        });
        ctx.set({ "Cache-Control": cacheControl, Age: String(seconds(ageMs)), "X-Cache": state });
        ctx.etag = value.etag;
        ctx.type = "application/json";
        ctx.status = 200;
        if (ctx.fresh) ctx.status = 304;
        else ctx.body = value.json;
      },
    },
    {
      method: "GET",
      path: "/api/automations/:id",
      async handle(ctx) {
        ctx.body = await service.get(validate(idParameters, ctx.state.params).id);
      },
    },
    {
      method: "POST",
      path: "/api/automations",
      async handle(ctx) {
        const created = await service.create(validate(newAutomation, ctx.request.body));
        ctx.status = 201;
        ctx.set("Location", `/api/automations/${created.id}`);
        ctx.body = created;
      },
    },
    {
      method: "PATCH",
      path: "/api/automations/:id",
      async handle(ctx) {
        const { id } = validate(idParameters, ctx.state.params);
        ctx.body = await service.update(id, validate(automationChanges, ctx.request.body));
      },
    },
    {
      method: "DELETE",
      path: "/api/automations/:id",
      async handle(ctx) {
        await service.delete(validate(idParameters, ctx.state.params).id);
        ctx.status = 204;
      },
    },
    {
      method: "POST",
      path: "/api/automations/:id/runs",
      priority: "high",
      outbound: true,
      async handle(ctx) {
        ctx.body = await service.run(validate(idParameters, ctx.state.params).id);
        ctx.status = 201;
      },
    },
  ];
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
