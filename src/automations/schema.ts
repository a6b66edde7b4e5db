// The API's inputs and outputs as zod schemas: validation, types and documentation in one place.
import { z } from "zod";
import { pageLimit, text } from "../platform/http/input.ts";

export const categories = [
  "communication",
  "crm",
  "data",
  "developer-tools",
  "finance",
  "hr",
  "marketing",
  "productivity",
  "sales",
  "support",
] as const;

export const sorts = ["popular", "newest", "rating"] as const;
export type Sort = (typeof sorts)[number];

const category = z.enum(categories);
const name = text.trim().min(1).max(120);
const description = text.trim().max(1000);
const webhookUrl = text.pipe(z.url({ protocol: /^https?$/, error: "Takes an http or https URL" }).max(2048));
const id = z.number().int().positive();

/** The query parameters of the marketplace. */
export const listQuery = z.strictObject({
  category: category.optional(),
  search: text.trim().min(1).max(100).optional(),
  sort: z.enum(sorts).default("popular"),
  limit: pageLimit,
  cursor: z.string().max(200).optional(),
  count: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .default(false),
});
export type ListQuery = z.output<typeof listQuery>;

/** The body of a POST. */
export const newAutomation = z.strictObject({ name, description: description.default(""), category, webhookUrl });
export type NewAutomation = z.output<typeof newAutomation>;

/** The body of a PATCH. */
export const automationChanges = z
  .strictObject({ name, description, category, webhookUrl })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, "Takes at least one field to change");
export type AutomationChanges = z.output<typeof automationChanges>;

/** The public view of an automation: without its webhook, which can contain a secret. */
export const listing = z.object({
  id,
  name: z.string(),
  description: z.string(),
  category: z.string(),
  popularity: z.number().int(),
  rating: z.number(),
  createdAt: z.date(),
});
export type Listing = z.output<typeof listing>;

/** The full view, for authenticated callers. */
export const automation = listing.extend({ webhookUrl: z.string(), updatedAt: z.date() });
export type Automation = z.output<typeof automation>;

/** A page of the marketplace. `nextCursor` is null on the last page; `total` is there only with `count=true`. */
export const page = z.object({
  items: z.array(listing),
  nextCursor: z.string().nullable(),
  total: z.number().int().optional(),
});
export type Page = z.output<typeof page>;

/** A finished call of an automation's webhook. */
export const run = z.object({
  id,
  automationId: id,
  status: z.enum(["succeeded", "failed"]),
  webhookStatus: z.number().int(),
});
export type Run = z.output<typeof run>;
