// Extracts what logs and spans may show of an error: its type and where it was thrown, but no values. Libraries attach values as
// properties (a driver its statement, Node an invalid URL, a parser the packet), and quote them in messages (a duplicate e-mail
// address, the start of malformed JSON).

/** Set by error classes whose messages come from our own code and quote no values, so that they may be logged. */
export const writesOwnMessages = Symbol("writes its own messages");

/** The parts of an error that are safe to log. `message` is left out where it may quote values; `stack` has only the frames. */
export interface ErrorFields {
  type: string;
  code?: string;
  message?: string;
  stack?: string;
  cause?: ErrorFields;
  errors?: ErrorFields[];
}

const maxMessageLength = 300;
const maxFrames = 30;
/** Depth of causes, and number of errors in an AggregateError. */
const maxCauses = 5;
const noDepthLeft: ErrorFields = { type: "Error" };

/**
 * Classes whose messages come from V8, about names in the code, or from a plain `new Error("…")`. Without SyntaxError, which
 * quotes its input.
 */
const builtIn: ReadonlySet<unknown> = new Set([Error, TypeError, RangeError, ReferenceError, EvalError, URIError]);
/** A line of V8's stack with a location in a file. Too strict for a line of a message to pass as one. */
const frame = /^ {4}at (?:[\w$.<># [\]]{1,200} \()?(?:file:\/\/|node:|\/|[A-Za-z]:[\\/])[^\n()]{0,500}:\d+:\d+\)?$/;
/** Frames outside our own code: a library's plain `new Error(...)` may well quote its input. */
const foreign = /node:|[\\/]node_modules[\\/]/;

/**
 * The loggable fields of any thrown value. Never throws. Reads no properties but `code`, and `syscall` for the message.
 *
 * Keeps the first line of the message (300 characters at most) of a Problem, and of a JavaScript built-in error without `code`
 * that the service's own code threw; in the latter it masks quoted values. The message of a system error (`ECONNREFUSED`)
 * becomes the system call and the code. All other errors (of drivers, parsers, clients, validators) keep only class and code:
 * the stack makes up for a missing message, but a leaked value cannot be taken back. The name of a property read from undefined
 * is kept, even if a client chose it.
 */
export function errorFields(error: unknown, depth = maxCauses): ErrorFields {
  try {
    if (!(error instanceof Error)) return { type: error === null ? "null" : typeof error };
    if (depth === 0) return noDepthLeft;
    return fieldsOf(error, depth - 1);
  } catch {
    return noDepthLeft;
  }
}

/** The same in a few words for a `reason` field: the error and its cause, such as `TypeError: connect ECONNREFUSED`. */
export function reasonOf(error: unknown): string {
  const fields = errorFields(error);
  return [fields, ...(fields.cause === undefined ? [] : [fields.cause])]
    .map(({ type, code, message }) => message ?? code ?? type)
    .join(": ");
}

/** The same as an exception for a span: name, message and stack. */
export function exceptionOf(error: unknown): { name: string; message?: string; stack?: string } {
  const { type, code, message, stack } = errorFields(error);
  return { name: code ?? type, ...(message && { message }), ...(stack && { stack }) };
}

function fieldsOf(error: Error, depth: number): ErrorFields {
  const code = wordOf(error, "code");
  const frames = framesOf(error);
  const message = messageOf(error, code, frames);
  return {
    type: wordOf(error, "name") ?? "Error",
    ...(code !== undefined && { code }),
    ...(message !== undefined && { message }),
    ...(frames.length > 0 && { stack: frames.join("\n") }),
    ...(error.cause !== undefined && { cause: errorFields(error.cause, depth) }),
    ...(error instanceof AggregateError && {
      errors: error.errors.slice(0, maxCauses).map((inner: unknown) => errorFields(inner, Math.min(depth, 1))),
    }),
  };
}

function messageOf(error: Error, code: string | undefined, frames: readonly string[]): string | undefined {
  if (writesOwnMessages in error) return firstLine(error.message);
  if ("code" in error || "sqlState" in error) {
    const syscall = wordOf(error, "syscall");
    return syscall === undefined || code === undefined ? code : `${syscall} ${code}`;
  }
  const isOurs = builtIn.has(error.constructor) && frames[0] !== undefined && !foreign.test(frames[0]);
  return isOurs ? masked(firstLine(error.message)) : undefined;
}

function firstLine(text: string): string {
  return text.slice(0, maxMessageLength).split("\n", 1)[0] ?? "";
}

/** Masks values in V8's messages and ours: URLs, quoted text except property names, and values at the end. */
function masked(message: string): string {
  return message
    .replaceAll(/[a-z][\w+.-]*:\/\/\S*/gi, "***")
    .replaceAll(/\((?:reading|setting) '[\w$]{1,64}'\)$|(["'`]).*?(?:\1|$)/gs, (all, quote?: string) =>
      quote === undefined ? all : `${quote}***${quote}`,
    )
    .replace(/^(Cannot use 'in' operator|Cannot use '\*\*\*' operator) .*$/s, "Cannot use 'in' operator")
    .replace(/(Iterator value|incompatible receiver|Class extends value) .*$/s, "$1 ***")
    .replace(/^((?:Invalid|Incorrect)[\w ]*): .*$/s, "$1: ***");
}

/** The frames only. Cuts out the message first, so that none of its lines can pass for a frame. */
function framesOf({ stack, message }: Error): string[] {
  if (typeof stack !== "string") return [];
  const at = message === "" ? -1 : stack.indexOf(message);
  const lines = (at === -1 ? stack : stack.slice(at + message.length)).split("\n");
  return lines.filter((line) => frame.test(line)).slice(0, maxFrames);
}

/** A property that is a single word, such as a name or code; anything else could be a value. */
function wordOf(error: Error, key: "name" | "code" | "syscall"): string | undefined {
  const value: unknown = Reflect.get(error, key);
  if (typeof value === "number") return String(value);
  return typeof value === "string" && /^[\w.-]{1,64}$/.test(value) ? value : undefined;
}
