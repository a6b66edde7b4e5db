// What the API of the automations takes and gives, as zod schemas: validation, types and documentation in one place.
import { z } from "zod";

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
const wholeText = "Takes well-formed text without NUL";
const text = z.string().refine(isWhole, wholeText);
const name = text.trim().min(1).max(120);
const description = text.trim().max(1000);
const webhookUrl = z
  .url({ protocol: /^https?$/, error: "Takes an http or https address" })
  .refine(isWhole, wholeText)
  .max(2048);
const id = z.number().int().positive();

export const idParameters = z.strictObject({
  id: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, "Takes a whole number from 1")
    .transform(Number)
    .refine(Number.isSafeInteger, "Takes a whole number from 1"),
});

export const listQuery = z.strictObject({
  category: category.optional(),
  search: text.trim().min(1).max(100).optional(),
  sort: z.enum(sorts).default("popular"),
  limit: z
    .string()
    .regex(/^\d+$/, "Takes a whole number from 1 to 100")
    .transform(Number)
    .pipe(z.number().min(1).max(100))
    .default(20),
  cursor: z.string().max(200).optional(),
  count: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .default(false),
});
export type ListQuery = z.output<typeof listQuery>;

export const newAutomation = z.strictObject({ name, description: description.default(""), category, webhookUrl });
export type NewAutomation = z.output<typeof newAutomation>;

export const automationChanges = z
  .strictObject({ name, description, category, webhookUrl })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, "Takes at least one field to change");
export type AutomationChanges = z.output<typeof automationChanges>;

/** An automation as everyone sees it: without its webhook, which can carry a secret of its owner. */
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

export const automation = listing.extend({ webhookUrl: z.string(), updatedAt: z.date() });
export type Automation = z.output<typeof automation>;

export const page = z.object({
  items: z.array(listing),
  nextCursor: z.string().nullable(),
  total: z.number().int().optional(),
});
export type Page = z.output<typeof page>;

export const run = z.object({
  id,
  automationId: id,
  status: z.enum(["succeeded", "failed"]),
  webhookStatus: z.number().int(),
});
export type Run = z.output<typeof run>;

/** Can be stored and given back as it came. U+FFFD is what the bytes that were no UTF-8 have become by now. */
function isWhole(given: string): boolean {
  return given.isWellFormed() && !/[\0\ufffd]/.test(given);
}
