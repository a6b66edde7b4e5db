// Turns zod's issues into one line per invalid environment variable, without showing secrets.
import { z } from "zod";
import { complaint, explanation } from "../platform/variables.ts";

/** One line for each of `variables` with an invalid value in `given`. */
export function invalidVariables(variables: z.ZodObject, given: Readonly<Record<string, string>>): string[] {
  const result = variables.safeParse(given);
  if (result.success) return [];
  const issues = new Map(result.error.issues.map((issue) => [String(issue.path[0]), issue]));
  return [...issues].map(([name, issue]) => {
    const reason = explanation(issue);
    // Without the value: in a malformed URL, any part may be the password.
    if (reason !== undefined) return `${name}: ${reason}; takes ${acceptedValues(variables, name)}`;
    return complaint(name, given[name], acceptedValues(variables, name));
  });
}

/** The variable's description. Looks inside the wrappers for default and optional values, which have none. */
function acceptedValues(all: z.ZodObject, name: string): string {
  let schema: z.core.$ZodType | undefined = Object.entries(all.shape).find(([key]) => key === name)?.[1];
  while (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    if (schema.description !== undefined) break;
    schema = schema.def.innerType;
  }
  return (schema instanceof z.ZodType && schema.description) || "another value";
}
