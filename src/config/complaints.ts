// What is wrong with environment variables, one line each.
import { z } from "zod";
import { complaint, explanationOf } from "../platform/variables.ts";

/** A line for each of `variables` whose value in `given` is not what it takes. */
export function complaintsOf(variables: z.ZodObject, given: Readonly<Record<string, string>>): string[] {
  const result = variables.safeParse(given);
  if (result.success) return [];
  const issues = new Map(result.error.issues.map((issue) => [String(issue.path[0]), issue]));
  return [...issues].map(([name, issue]) => {
    const explanation = explanationOf(issue);
    // Without the value: in a malformed URL any part may be the password.
    if (explanation !== undefined) return `${name}: ${explanation}; takes ${takes(variables, name)}`;
    return complaint(name, given[name], takes(variables, name));
  });
}

/** The description of the value itself: wrappers for a default or an optional value have none. */
function takes(all: z.ZodObject, name: string): string {
  let schema: z.core.$ZodType | undefined = Object.entries(all.shape).find(([known]) => known === name)?.[1];
  while (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    if (schema.description !== undefined) break;
    schema = schema.def.innerType;
  }
  return (schema instanceof z.ZodType && schema.description) || "another value";
}
