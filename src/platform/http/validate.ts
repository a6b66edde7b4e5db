// Validates input against a zod schema and reports all invalid fields at once.
import type { z } from "zod";
import { Problem } from "../request/problem.ts";

/**
 * Parses `value` with `schema`.
 *
 * @throws {Problem} invalid_request (400) with one entry per invalid field.
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ field: [...issue.path, key].join("."), message: "Unknown field" }))
      : [{ field: issue.path.join("."), message: issue.message }],
  );
  const fields = [...new Set(errors.map((error) => error.field || "body"))].join(", ");
  throw new Problem("invalid_request", { detail: `Invalid: ${fields}`, errors });
}
