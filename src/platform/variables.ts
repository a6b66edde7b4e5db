// The kinds of environment variables: how each is checked, and how a wrong one is complained about without showing secrets.
import { z } from "zod";

/** One or more variables are wrong: one line each, naming the variable, what it got and what it takes. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

export function wholeNumber(byDefault: number, min: number, max: number, what: string) {
  return number(min, max)
    .default(byDefault)
    .describe(takesNumber(min, max, what));
}

/** Undefined when it is not set. */
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

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values, what: string) {
  return z.enum(values).describe(`one of ${values.join(", ")} (${what})`);
}

export function urlOf(protocols: readonly string[], what: string) {
  return z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol))
    .describe(`an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(" or ")} (${what})`);
}

/** A text that `parse` takes; the RangeError that it throws otherwise says what is wrong, without secrets. */
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

/** What an issue of {@link parsedBy} says; undefined of any other. */
export function explanationOf(issue: z.core.$ZodIssue): string | undefined {
  return issue.code === "custom" && issue.params?.explains === true ? issue.message : undefined;
}

/** Entries separated by commas, each of which `isEntry` accepts. */
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
    .describe(`a list separated by commas (${what})`);
}

/** Tells whether `parse` takes a text. */
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

/** The line that says what is wrong: the variable, what it got and what it takes. */
export function complaint(name: string, got: string | undefined, takes: string): string {
  return `${name}: got ${got === undefined ? "nothing" : JSON.stringify(mask(name, got))}, takes ${takes}`;
}

/** The value of a variable as it may be shown: secrets hidden, a password inside an address hidden. */
export function mask(name: string, value: string): string {
  if (/TOKEN|SECRET|PASSWORD|KEY/.test(name)) return "***";
  if (!name.endsWith("_URL")) return value.replaceAll(/\/\/[^/@\s,]*@/g, "//***@");
  // Where there is no telling which part is which, only the beginning is shown.
  if (!URL.canParse(value)) return value.replace(/^([a-z][a-z+.-]*:\/*)?.*$/is, "$1***");
  const url = new URL(value);
  if (url.password !== "") url.password = "***";
  for (const part of new Set(url.searchParams.keys())) url.searchParams.set(part, "***");
  // The path of a webhook is often its secret.
  if (name.endsWith("WEBHOOK_URL") && url.pathname.length > 1) url.pathname = "/***";
  return url.href;
}
