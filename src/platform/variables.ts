// Building blocks for environment variables: how each kind is checked, and how errors are reported without showing secrets.
import { z } from "zod";

/** One or more variables are invalid. The message has a line for each: the variable, what it got and what it takes. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** A whole number from `min` to `max`, described as `what`. */
export function wholeNumber(byDefault: number, min: number, max: number, what: string) {
  return number(min, max)
    .default(byDefault)
    .describe(takesNumber(min, max, what));
}

/** The same without a default: undefined when not set. */
export function optionalWholeNumber(min: number, max: number, what: string) {
  return number(min, max)
    .optional()
    .describe(takesNumber(min, max, what));
}

function number(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
}

function takesNumber(min: number, max: number, what: string): string {
  return `a whole number from ${min} to ${max} (${what})`;
}

/** One of a fixed set of words. */
export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values, what: string) {
  return z.enum(values).describe(`one of ${values.join(", ")} (${what})`);
}

/** A URL with one of `protocols`, each written like `https:`. */
export function urlOf(protocols: readonly string[], what: string) {
  return z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol))
    .describe(`a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(" or ")} (${what})`);
}

/** A string that `parse` accepts. For any other it must throw a RangeError that says what is wrong, without secrets. */
export function parsedBy(parse: (text: string) => unknown, what: string) {
  return z
    .string()
    .superRefine((text, context) => {
      try {
        parse(text);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        context.addIssue({ code: "custom", message: error.message, params: { explains: true } });
      }
    })
    .describe(what);
}

/** The explanation in an issue of {@link parsedBy}; undefined for any other issue. */
export function explanation(issue: z.core.$ZodIssue): string | undefined {
  return issue.code === "custom" && issue.params?.explains === true ? issue.message : undefined;
}

/** A comma-separated list whose entries all satisfy `isEntry`. */
export function listOf(isEntry: (text: string) => boolean, what: string) {
  return z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ""),
    )
    .refine((entries) => entries.every(isEntry))
    .describe(`a comma-separated list (${what})`);
}

/** A predicate: whether `parse` accepts a string without throwing. */
export function accepts(parse: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  };
}

/** An error line: the variable, what it got and what it takes. */
export function complaint(name: string, got: string | undefined, takes: string): string {
  return `${name}: got ${got === undefined ? "nothing" : JSON.stringify(mask(name, got))}, takes ${takes}`;
}

/** A variable's value for display: secrets and passwords inside URLs are hidden. */
export function mask(name: string, value: string): string {
  if (/TOKEN|SECRET|PASSWORD|KEY/.test(name)) return "***";
  if (!name.endsWith("_URL")) return value.replaceAll(/\/\/[^/@\s,]*@/g, "//***@");
  // If we cannot tell which part is the password, only the protocol is shown.
  if (!URL.canParse(value)) return value.replace(/^([a-z][a-z+.-]*:\/*)?.*$/is, "$1***");
  const url = new URL(value);
  if (url.password !== "") url.password = "***";
  for (const name of new Set(url.searchParams.keys())) url.searchParams.set(name, "***");
  // In other protocols than the databases', the path is often the secret.
  if (!/^(?:mysql|rediss?):$/.test(url.protocol) && url.pathname.length > 1) url.pathname = "/***";
  return url.href;
}
